"""Arming and confirming, whatever the protocol."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.actions import ActionArgument, ActionSpec
from gateway.model.argument_fault import argument_fault
from gateway.model.armings import ARMED_S
from gateway.model.asker import Asker
from gateway.model.points import ValueKind
from gateway.model.two_step_commands import CommandRefusedError, TwoStepCommands
from tests.adapters.epics_ca.acting import ManualClock, RecordingDesk

ACTION = ActionSpec("Blowback", "Blows the probe back")
WITH_NUMBER = ActionSpec("Calibrate", "Calibrates", (ActionArgument("Group", "Which", 1, 4),))
ALICE = Asker("192.0.2.1", "alice")
OTHERS = (Asker("192.0.2.2", "alice"), Asker("192.0.2.1", "bob"), Asker("192.0.2.1", ""))


def made() -> tuple[TwoStepCommands, RecordingDesk, ManualClock]:
    desk, clock = RecordingDesk(), ManualClock()
    return TwoStepCommands("stack", "epics_pva", desk.invoke, clock), desk, clock


async def test_nobody_confirms_what_another_account_or_address_has_armed():
    commands, desk, _clock = made()
    commands.take_argument(WITH_NUMBER, 2, ALICE)
    for other in OTHERS:
        with pytest.raises(CommandRefusedError, match="nothing is armed"):
            commands.take_confirm(1, other)
    arming = commands.take_confirm(1, ALICE)
    assert arming is not None
    assert commands.is_running
    with pytest.raises(CommandRefusedError, match="still runs"):
        commands.take_confirm(1, ALICE)
    await commands.carry_out(arming, ALICE)
    assert [(request.origin.host, request.origin.user) for request in desk.requests] == [("192.0.2.1", "alice")]
    assert not commands.is_running


@pytest.mark.parametrize(("late_s", "kept"), [(0.0, True), (ARMED_S - 0.001, True), (ARMED_S, False)])
def test_an_arming_counts_for_a_while(late_s: float, kept: bool):
    commands, _desk, clock = made()
    commands.take_request(ACTION, 1, ALICE)
    assert commands.next_expiry_ns == ARMED_S * 10**9
    clock.advance(late_s)
    commands.forget_expired()
    assert commands.armed == ({"Blowback": 1} if kept else {})
    commands.take_request(ACTION, 0, ALICE)
    assert commands.armed == {}


NUMBERS = st.floats(allow_nan=True, allow_infinity=True) | st.integers(-1000, 1000)


@given(NUMBERS, st.sampled_from([ValueKind.INTEGER, ValueKind.FLOAT]))
def test_a_number_is_taken_that_is_one_within_the_bounds(value: float, kind: ValueKind):
    argument = ActionArgument("Level", "", -10, 10, kind)
    good = -10 <= value <= 10 and (kind is ValueKind.FLOAT or isinstance(value, int))
    assert (argument_fault(argument, value) is None) == good


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True) | st.floats(-20, 20), max_size=6))
def test_an_array_is_taken_whose_numbers_all_are(values: list[float]):
    argument = ActionArgument("Steps", "", -10, 10, ValueKind.FLOAT, 4)
    good = 1 <= len(values) <= 4 and all(-10 <= value <= 10 for value in values)
    view = memoryview(array("d", values))
    assert (argument_fault(argument, view) is None) == good
    assert argument_fault(ActionArgument("Level", "", -10, 10, ValueKind.FLOAT), view) is not None


def test_no_number_comes_before_everything_else():
    nan, scalar = float("nan"), ActionArgument("Level", "", -10, 10)
    for argument, value in (
        (scalar, nan),
        (ActionArgument("S", "", 0, 1, ValueKind.FLOAT, 1), memoryview(array("d", [nan] * 9))),
    ):
        fault = argument_fault(argument, value)
        assert fault is not None
        assert "no number" in fault
