"""What follows from the points of an analyser: health by NE 107, activities, state machines."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.adapters.opcua.models.activity import (
    MACHINE_STATES,
    ActiveStream,
    Activity,
    ChannelFlags,
    CurrentState,
    DeviceState,
    ExecutionCycle,
    IsActive,
)
from gateway.adapters.opcua.models.adi_state_machines import (
    CHANNEL_MACHINE,
    DEVICE_MACHINE,
    EXECUTE_MACHINE,
    OPERATING_MACHINE,
)
from gateway.adapters.opcua.models.derived_values import AcquisitionResult, HasSample, InService
from gateway.adapters.opcua.models.health import analyser_health, channel_health
from gateway.adapters.opcua.models.point_places import PointPlaces
from gateway.errors import AdapterError
from gateway.model.device_health import HEALTH_BY_FLAG, PRIORITY, DeviceHealth, worst
from gateway.model.meaning import CompanionModel
from gateway.model.points import DeviceSpec, PointGroup, PointSpec, ValueKind
from gateway.model.quality import State
from gateway.model.value import Value
from tests.adapters.opcua.models.model_site import model_site, sample

Values = dict[str, Value]
States = dict[str, State]
SITE = model_site()
DEVICE = SITE.devices[0]
PLACES = PointPlaces(DEVICE)
F, C, S, M = PRIORITY
NORMAL = DeviceHealth.NORMAL

ROLL_UP = [
    # values, states, health of the analyser, of I1, of I2
    ({}, {}, NORMAL, NORMAL, NORMAL),
    ({"I1/Alarm1": True, "I2/Alarm4": True}, {}, NORMAL, NORMAL, NORMAL),
    ({"I1/Maintenance": True}, {}, M, M, NORMAL),
    ({"Status/Maintenance": True}, {}, M, NORMAL, NORMAL),
    ({"I1/Maintenance": True}, {"I2/Value": State.OUT_OF_RANGE_LOW}, S, M, S),
    ({}, {"I1/Value": State.OUT_OF_RANGE_HIGH, "I2/Value": State.CLAMPED_HIGH}, S, S, S),
    ({"I1/Calibrating": True}, {"I2/Value": State.CLAMPED_LOW}, C, C, S),
    ({"I1/WarmingUp": True, "I2/Maintenance": True}, {}, C, C, M),
    ({"I1/Fault": True, "I1/Calibrating": True, "I2/WarmingUp": True}, {}, F, F, C),
    ({"E1/Invalid": True}, {}, F, NORMAL, NORMAL),
    ({}, {"I2/Value": State.NO_VALUE}, F, NORMAL, F),
    ({"Status/Fault": True}, {}, F, NORMAL, NORMAL),
    ({"I1/Fault": True, "I2/Maintenance": True}, {"I1/Value": State.OUT_OF_SERVICE}, M, NORMAL, M),
]


@pytest.mark.parametrize(("values", "states", "analyser", "first", "second"), ROLL_UP)
def test_health_rolls_up(
    values: Values, states: States, analyser: DeviceHealth, first: DeviceHealth, second: DeviceHealth
):
    update = sample(SITE, "stack", values, states)
    for view, expected in (
        (analyser_health(DEVICE, PLACES), analyser),
        (channel_health("I1", PLACES), first),
        (channel_health("I2", PLACES), second),
    ):
        assert view.group == update.group
        assert view.derive(update.values, update.states) == (expected, State.GOOD)


@given(st.sets(st.sampled_from(PRIORITY)))
def test_the_worst_signal_counts(signals: set[DeviceHealth]):
    assert worst(signals) == next((one for one in (F, C, S, M) if one in signals), NORMAL)


def test_every_flag_has_its_category():
    assert set(HEALTH_BY_FLAG.values()) == {F, C, M}


@pytest.mark.parametrize("state", [state for state in State if state is not State.GOOD])
def test_what_cannot_be_trusted_says_so(state: State):
    update = sample(SITE, "stack", {"I1/Fault": True}, everywhere=state)
    flags = _flags("I1")
    for derive in (
        analyser_health(DEVICE, PLACES).derive,
        channel_health("I1", PLACES).derive,
        DeviceState(flags.witness, flags.all_warming_up),
        CurrentState(flags, "channel"),
        ExecutionCycle(flags),
        IsActive(flags),
        ActiveStream(flags, "Sample"),
        AcquisitionResult(flags.value, flags.witness, frozenset(), frozenset()),
    ):
        assert derive(update.values, update.states)[1] is state
    assert HasSample(flags.witness)(update.values, update.states) == (None, state)


def _flags(channel: str) -> ChannelFlags:
    paths = {point.browse_path: place for place, point in enumerate(DEVICE.groups[0].points)}
    return ChannelFlags(
        PLACES.witness,
        paths[f"{channel}/Value"],
        (paths[f"{channel}/Fault"], paths[f"{channel}/Invalid"], paths["Status/Fault"]),
        paths[f"{channel}/Calibrating"],
        paths[f"{channel}/WarmingUp"],
        tuple(paths[f"{each}/WarmingUp"] for each in ("I1", "I2", "I3")),
    )


ALL_WARM = {f"I{number}/WarmingUp": True for number in (1, 2, 3)}
ACTIVITIES = [
    ({}, {}, Activity.SAMPLING),
    ({"I1/Maintenance": True, "I1/Alarm1": True}, {}, Activity.SAMPLING),
    ({"I1/Calibrating": True}, {}, Activity.CALIBRATING),
    ({"I1/WarmingUp": True, "I1/Calibrating": True}, {}, Activity.WARMING_UP),
    (ALL_WARM, {}, Activity.POWERING_UP),
    (ALL_WARM | {"I1/Fault": True}, {}, Activity.FAILED),
    ({"I1/Invalid": True}, {}, Activity.FAILED),
    ({"Status/Fault": True}, {}, Activity.FAILED),
    ({"I1/Fault": True}, {"I1/Value": State.OUT_OF_SERVICE}, Activity.OUT_OF_SERVICE),
]


@pytest.mark.parametrize(("values", "states", "activity"), ACTIVITIES)
def test_activity_and_what_the_machines_say(values: Values, states: States, activity: Activity):
    update, flags = sample(SITE, "stack", values, states), _flags("I1")
    assert flags.activity(update.values, update.states) is activity
    expected = MACHINE_STATES[activity]
    for machine in ("channel", "operating", "execute"):
        name, state = CurrentState(flags, machine).name(update.values, update.states)
        assert name == getattr(expected, machine)
        assert state is (State.GOOD if name else State.NO_VALUE)
    device = DeviceState(flags.witness, flags.all_warming_up).name(update.values, update.states)
    assert device == (
        "Powerup" if all(update.values[place] for place in flags.all_warming_up) else "Operating",
        State.GOOD,
    )
    assert ExecutionCycle(flags)(update.values, update.states) == (expected.cycle, State.GOOD)
    assert IsActive(flags)(update.values, update.states) == (expected.cycle != 0, State.GOOD)
    assert ActiveStream(flags, "Sample")(update.values, update.states) == ("Sample" * bool(expected.cycle), State.GOOD)
    in_service = activity is not Activity.OUT_OF_SERVICE
    assert InService(flags.value)(update.values, update.states) == (in_service, State.GOOD)


def test_every_state_of_the_table_exists():
    machines = {
        "device": DEVICE_MACHINE,
        "channel": CHANNEL_MACHINE,
        "operating": OPERATING_MACHINE,
        "execute": EXECUTE_MACHINE,
    }
    assert set(MACHINE_STATES) == set(Activity)
    for row, (name, machine) in product(MACHINE_STATES.values(), machines.items()):
        state = getattr(row, name)
        assert state is None or state in dict(machine.states)
        assert row.execute is None or row.operating == "Execute"
        assert row.operating is None or row.channel == "Operating"


def test_result_follows_the_status_code():
    bad, uncertain = frozenset({State.NO_VALUE}), frozenset({State.STALE})
    for state, result in ((State.GOOD, 1), (State.ALARM, 1), (State.NO_VALUE, 2), (State.STALE, 3)):
        update = sample(SITE, "stack", states={"I1/Value": state})
        derive = AcquisitionResult(_flags("I1").value, PLACES.witness, bad, uncertain)
        assert derive(update.values, update.states) == (result, State.GOOD)


def test_a_driver_that_says_too_little_is_refused():
    points = (PointSpec(("I1", "Value"), ValueKind.FLOAT, ""),)
    device = DeviceSpec("thing", "", "", "", (PointGroup(0, "thing", points),), (), (), CompanionModel.PADIM)
    with pytest.raises(AdapterError, match="model: plain"):
        _ = PointPlaces(device).witness
