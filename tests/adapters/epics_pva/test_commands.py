"""Actions over pvAccess: what the client of p4p may put, what comes of it, and what is listed."""

from __future__ import annotations

from array import array
from collections.abc import AsyncIterator
from contextlib import ExitStack
from functools import partial
from typing import Any

import anyio
import numpy as np
import pytest
from anyio import to_thread
from p4p.client.thread import Context, Disconnected, RemoteError

from gateway.adapters.epics_pva.adapter import PvAccessAdapter
from gateway.adapters.epics_pva.puts import READ_ONLY
from gateway.adapters.epics_pva.settings import PvAccessSettings
from gateway.errors import ActionNotNowError, ActionRefusedError, SettingsError
from gateway.model.access import Access
from gateway.model.actions import ACTION_POINTS, ActionArgument, ActionSpec
from gateway.model.armings import ARMED_S
from gateway.model.points import DeviceSpec, PointGroup, PointSpec, SiteSpec, ValueKind
from tests.adapters.epics_ca.acting import ManualClock, RecordingDesk
from tests.clients.pva_client import PATIENCE_S, Events, pva_client
from tests.serving import serving

SETPOINT, PROFILE, BLOWBACK, GROUP, CONFIRM = (
    f"T:stack:Action:{name}" for name in ("SetPoint", "Profile", "Blowback", "Calibrate", "Confirm")
)
MEASURED = "T:stack:I1"
ACTIONS = (
    ActionSpec("Calibrate", "Starts a calibration", (ActionArgument("Group", "Which", 1, 4),)),
    ActionSpec("Blowback", "Blows the probe back"),
    ActionSpec("SetPoint", "Heats", (ActionArgument("Kelvin", "How far", 0.5, 300, ValueKind.FLOAT, unit="K"),)),
    ActionSpec("Profile", "Heats step by step", (ActionArgument("Steps", "To", 0, 300, ValueKind.FLOAT, 4, "K"),)),
)
NEEDS_NUMBERS = ActionSpec("Pair", "Two numbers do not fit into one put", (ActionArgument("A", "", 0, 1),) * 2)


def site(*actions: ActionSpec) -> SiteSpec:
    measured = PointGroup(0, "stack", (PointSpec(("I1", "Value"), ValueKind.FLOAT, "Oxygen"),), "Acquired")
    groups = (measured, PointGroup(1, "stack", ACTION_POINTS, "Action"))
    return SiteSpec("works", (DeviceSpec("stack", "Stack", "Maker", "Model", groups, actions),))


def adapter(*actions: ActionSpec, clock: ManualClock | None = None) -> PvAccessAdapter:
    settings = PvAccessSettings(prefix="T:", interfaces=("127.0.0.1",), port=0, broadcast_port=0, beacons=())
    return PvAccessAdapter(site(*actions), settings, clock)


class Operator:
    """A client of a server with open actions."""

    def __init__(self, client: Context) -> None:
        self.client = client

    async def put(self, name: str, value: Any) -> None:
        await to_thread.run_sync(partial(self.client.put, name, value, timeout=PATIENCE_S))

    async def value(self, name: str) -> Any:
        value = (await to_thread.run_sync(partial(self.client.get, name, timeout=PATIENCE_S)))["value"]
        return value["index"] if hasattr(value, "getID") else value

    async def sees(self, name: str, wanted: Any) -> None:
        events = await to_thread.run_sync(Events, self.client, name)
        await to_thread.run_sync(events.until, lambda event: event["value"] == wanted)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def desk() -> RecordingDesk:
    return RecordingDesk()


@pytest.fixture
async def operator(desk: RecordingDesk, clock: ManualClock) -> AsyncIterator[Operator]:
    acting = adapter(*ACTIONS, NEEDS_NUMBERS, clock=clock)
    acting.offer(desk)
    async with serving(acting) as endpoint:
        with pva_client(endpoint) as client:
            yield Operator(client)


@pytest.mark.parametrize(
    ("command", "value", "action", "argument"),
    [
        (GROUP, 3, "Calibrate", 3),
        (BLOWBACK, "Request", "Blowback", None),
        (SETPOINT, 21.5, "SetPoint", 21.5),
        (PROFILE, [1.5, 20.0, 300.0], "Profile", array("d", [1.5, 20.0, 300.0])),
    ],
)
async def test_one_put_arms_and_another_one_carries_out(
    operator: Operator, desk: RecordingDesk, command: str, value: Any, action: str, argument: Any
) -> None:
    idle = await operator.value(command)
    await operator.put(command, value)
    assert not desk.requests
    assert np.array_equal(await operator.value(command), 1 if argument is None else argument)
    await operator.put(CONFIRM, "Yes")
    (request,) = desk.requests
    assert (request.device, request.action, request.confirmed) == ("stack", action, True)
    assert [*request.arguments] == ([] if argument is None else [argument])
    origin = request.origin
    assert (origin.protocol, origin.host, origin.proved) == ("epics_pva", "127.0.0.1", False)
    assert origin.user, "the account of whoever runs the test"
    assert np.array_equal(await operator.value(command), idle)
    assert [note.what for note in desk.notes] == [Access.PUT, Access.PUT]
    assert {(note.protocol, note.host, note.user) for note in desk.notes} == {("epics_pva", "127.0.0.1", origin.user)}
    assert desk.notes[1].detail == f"{CONFIRM} = 1"
    with pytest.raises(RemoteError, match="nothing is armed"):
        await operator.put(CONFIRM, 1)


@pytest.mark.parametrize(
    ("command", "value", "why"),
    [
        (SETPOINT, float("nan"), "no number"),
        (SETPOINT, float("inf"), "no number"),
        (SETPOINT, 301.0, r"Kelvin must be 0\.5 to 300"),
        (PROFILE, [1.0, float("nan")], "no numbers"),
        (PROFILE, [1.0] * 5, "1 to 4 values"),
        (PROFILE, [], "1 to 4 values"),
        (PROFILE, [-1.0], "0 to 300"),
        (GROUP, 2**40, "1 to 4"),
        (BLOWBACK, 7, "0 or 1"),
        (CONFIRM, 1, "nothing is armed"),
        (MEASURED, 5.0, READ_ONLY),
        ("T:stack:Action:State", "done", READ_ONLY),
    ],
)
async def test_what_cannot_be_carried_out_is_refused_in_words_and_listed(
    operator: Operator, desk: RecordingDesk, command: str, value: Any, why: str
) -> None:
    with pytest.raises(RemoteError, match=why):
        await operator.put(command, value)
    with pytest.raises(RemoteError, match="nothing is armed"):
        await operator.put(CONFIRM, 1)
    assert not desk.requests
    first = desk.notes[0]
    assert (first.what, first.host) == (Access.PUT_REFUSED, "127.0.0.1")
    assert first.detail.startswith(f"{command} = ")


async def test_the_words_of_the_desk_reach_the_client(operator: Operator, desk: RecordingDesk) -> None:
    for trouble in (
        ActionRefusedError("'eve' may not ask for Blowback", hint="the audit log says why"),
        ActionNotNowError("another action is under way"),
        ValueError("a fault of the gateway"),
    ):
        desk.trouble = trouble
        await operator.put(BLOWBACK, 1)
        known = str(trouble) if not isinstance(trouble, ValueError) else "its log says why"
        with pytest.raises(RemoteError, match=known):
            await operator.put(CONFIRM, 1)


async def test_an_arming_is_forgotten_after_a_while_and_monitors_see_it(
    operator: Operator, desk: RecordingDesk, clock: ManualClock
) -> None:
    await operator.put(GROUP, 2)
    clock.advance(ARMED_S)
    await operator.sees(GROUP, 0)
    with pytest.raises(RemoteError, match="nothing is armed"):
        await operator.put(CONFIRM, 1)
    await operator.put(GROUP, 2)
    await operator.put(CONFIRM, 0)
    assert await operator.value(GROUP) == 0
    assert not desk.requests


async def test_a_stop_ends_the_action_and_tells_the_client(desk: RecordingDesk) -> None:
    acting = adapter(*ACTIONS)
    acting.offer(desk)
    desk.hold()
    ends: list[Exception] = []

    async def confirm(operator: Operator) -> None:
        try:
            await operator.put(CONFIRM, 1)
        except (RemoteError, Disconnected) as end:
            ends.append(end)

    with ExitStack() as clients:
        async with anyio.create_task_group() as tasks:
            async with serving(acting) as endpoint:
                operator = Operator(clients.enter_context(pva_client(endpoint)))
                await operator.put(BLOWBACK, 1)
                tasks.start_soon(confirm, operator)
                await desk.begun.wait()
                with anyio.fail_after(PATIENCE_S):
                    while await operator.value(CONFIRM) != 1:  # a thread of its own posts it
                        pass
    assert desk.ended == ["cancelled"]
    assert len(ends) == 1


async def test_without_a_desk_or_an_action_that_one_put_can_carry_there_are_no_commands() -> None:
    several_arguments = adapter(NEEDS_NUMBERS)
    several_arguments.offer(RecordingDesk())
    for one in (adapter(*ACTIONS), several_arguments):
        async with serving(one) as endpoint:
            with pva_client(endpoint) as client, pytest.raises(TimeoutError):
                await to_thread.run_sync(partial(client.get, CONFIRM, timeout=0.3))


def test_the_name_of_a_command_is_checked_with_all_others() -> None:
    settings = PvAccessSettings(prefix="T" * 40)
    with pytest.raises(SettingsError, match="stack/Action/Calibrate has"):
        PvAccessAdapter(site(*ACTIONS), settings)
