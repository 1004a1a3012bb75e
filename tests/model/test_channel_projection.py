"""What clients see of a batch: values, states, and what is written again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import LinkError
from gateway.model.channel_projection import ChannelProjector
from gateway.model.channel_spec import ChannelSpec
from gateway.model.device_description import DeviceDescription
from gateway.model.points import AlarmLimits
from gateway.model.quality import QUALITY, Severity, State
from gateway.model.quality_overrides import QualityOverride, quality_table
from gateway.model.readings import AnalyserStatus, CalibrationGroup, ChannelKind, ChannelStatus, ProtocolKind, Reading
from gateway.model.sample import Sample
from gateway.model.site_builder import build_site
from gateway.model.stamp import Stamp
from gateway.model.status_codes import StatusClass, status_class
from gateway.model.update import Update

CHANNELS = {
    "I1": ChannelSpec("%", (0.0, 25.0), limits=AlarmLimits(low_low=10, low=18, high=22, high_high=24)),
    "I2": ChannelSpec("ppm"),
}
DESCRIPTION = DeviceDescription("Servomex", "4100", CHANNELS, calibration_groups=2, has_clock=True)
SITE = build_site("plant", [("stack", "Stack gas", DESCRIPTION)])
GROUP = SITE.devices[0].groups[0]
PLACE = {point.browse_path: index for index, point in enumerate(GROUP.points)}
NOON = datetime(2026, 5, 4, 12, 0, 0, 123456, tzinfo=UTC)
STATUS = AnalyserStatus(groups=(CalibrationGroup(), CalibrationGroup(gas=2)), clock=datetime(2026, 5, 4, 12, 0, 7))


def reading(channel: str, value: float | None, status: ChannelStatus | None = None, unit: str = "") -> Reading:
    return Reading(channel, ChannelKind.MEASURED, f"name of {channel}", value, unit, status or ChannelStatus())


def batch(*readings: Reading, analyser: AnalyserStatus = STATUS, ns: int = 5) -> list[Sample]:
    metadata: Mapping[str, object] = {"analyser": analyser}
    return [
        Sample("stack", each.channel, each, ProtocolKind.MODBUS_RTU, ns, NOON, metadata=metadata) for each in readings
    ]


def state_of(update: Update, path: str) -> State:
    return update.states[PLACE[path]]


def test_every_point_has_its_value_in_its_place() -> None:
    status = ChannelStatus(alarms=(False, True, False, False))
    update = ChannelProjector(GROUP, CHANNELS).project(
        batch(reading("I1", 20.9, unit="%"), reading("I2", 84.0, status, "vpm"))
    )
    shown = {path: update.values[place] for path, place in PLACE.items()}
    assert shown["I1/Value"] == 20.9
    assert shown["I1/Name"] == "name of I1"
    assert shown["I2/Value"] == 84.0
    assert shown["I2/Alarm2"] is True
    assert [path for path, value in shown.items() if value is True] == ["I2/Alarm2"]
    assert shown["Status/Communication"] == "good"
    assert shown["Status/Tick"] == 1
    assert (shown["Group1/Gas"], shown["Group2/Gas"]) == (1, 2)
    assert shown["Clock/Time"] == "2026-05-04T12:00:07"
    assert shown["Clock/Offset"] == pytest.approx(6.877)
    assert update.stamp == Stamp.from_utc(NOON, 5)
    assert list(update.changed) == list(range(len(GROUP.points)))


def test_vpm_and_ppm_are_the_same_unit_and_percent_is_not() -> None:
    projector = ChannelProjector(GROUP, CHANNELS)
    assert (
        state_of(projector.project(batch(reading("I1", 1.0), reading("I2", 1.0, unit="vpm"))), "I2/Value") is State.GOOD
    )
    wrong = projector.project(batch(reading("I1", 1.0), reading("I2", 1.0, unit="%")))
    assert state_of(wrong, "I2/Value") is State.UNIT_MISMATCH


@pytest.mark.parametrize(
    ("value", "status", "analyser", "expected"),
    [
        (20.9, ChannelStatus(), STATUS, State.GOOD),
        (20.9, ChannelStatus(), replace(STATUS, fault=True), State.ANALYSER_FAULT),
        (20.9, ChannelStatus(fault=True, calibrating=True), STATUS, State.CHANNEL_FAULT),
        (20.9, ChannelStatus(invalid=True), STATUS, State.INVALID_INPUT),
        (None, ChannelStatus(warming_up=True), STATUS, State.NO_VALUE),
        (20.9, ChannelStatus(calibrating=True, warming_up=True), STATUS, State.CALIBRATING),
        (25.1, ChannelStatus(warming_up=True), STATUS, State.WARMING_UP),
        (25.1, ChannelStatus(), STATUS, State.OUT_OF_RANGE_HIGH),
        (-0.1, ChannelStatus(), STATUS, State.OUT_OF_RANGE_LOW),
        (24.0, ChannelStatus(alarms=(True, False, False, False)), STATUS, State.HIGH_HIGH),
        (22.0, ChannelStatus(), STATUS, State.HIGH),
        (18.0, ChannelStatus(), STATUS, State.LOW),
        (10.0, ChannelStatus(), STATUS, State.LOW_LOW),
        (20.9, ChannelStatus(alarms=(False, False, False, True), maintenance=True), STATUS, State.ALARM),
        (20.9, ChannelStatus(maintenance=True), STATUS, State.MAINTENANCE),
        (20.9, ChannelStatus(), replace(STATUS, maintenance=True), State.MAINTENANCE),
    ],
)
def test_the_worst_reason_decides_the_state(
    value: float | None, status: ChannelStatus, analyser: AnalyserStatus, expected: State
) -> None:
    update = ChannelProjector(GROUP, CHANNELS).project(
        batch(reading("I1", value, status), reading("I2", 1.0), analyser=analyser)
    )
    assert state_of(update, "I1/Value") is expected


def test_only_cyclic_points_are_written_again_when_nothing_changes() -> None:
    projector = ChannelProjector(GROUP, CHANNELS)
    projector.project(batch(reading("I1", 20.9), reading("I2", 1.0)))
    again = projector.project(batch(reading("I1", 20.9), reading("I2", 1.0)))
    written = {GROUP.points[index].browse_path for index in again.changed}
    assert written == {"I1/Value", "I2/Value", "Status/Tick", "Clock/Time", "Clock/Offset"}


def test_a_lost_wire_keeps_the_last_values_and_never_looks_good() -> None:
    projector = ChannelProjector(GROUP, CHANNELS)
    good = projector.project(batch(reading("I1", 20.9), reading("I2", 1.0)))
    lost = projector.degrade(State.COMMUNICATION_INTERRUPTED, Stamp(9, 9))
    place = PLACE["Status/Communication"]
    assert [value for index, value in enumerate(lost.values) if index != place] == [
        value for index, value in enumerate(good.values) if index != place
    ]
    assert {state for index, state in enumerate(lost.states) if index != place} == {State.COMMUNICATION_INTERRUPTED}
    assert lost.values[place] == "communication-interrupted"
    assert lost.states[place] is State.GOOD
    assert list(projector.degrade(State.COMMUNICATION_INTERRUPTED, Stamp(10, 10)).changed) == []
    back = projector.project(batch(reading("I1", 20.9), reading("I2", 1.0)))
    assert list(back.changed) == list(range(len(GROUP.points)))
    assert state_of(back, "I1/Value") is State.GOOD


def test_without_any_value_yet_a_lost_wire_is_no_communication() -> None:
    update = ChannelProjector(GROUP, CHANNELS).degrade(State.COMMUNICATION_INTERRUPTED, Stamp(9, 9))
    assert state_of(update, "I1/Value") is State.COMMUNICATION_LOST
    assert update.values[PLACE["I1/Value"]] is None


@given(
    value=st.one_of(st.none(), st.floats(-5, 30)),
    flags=st.tuples(*[st.booleans()] * 5),
    fault=st.booleans(),
    wanted=st.sampled_from([None, "Uncertain", "Bad"]),
    lost=st.sampled_from([State.STALE, State.COMMUNICATION_INTERRUPTED, State.COMMUNICATION_LOST, State.STOPPED]),
)
def test_losing_the_wire_never_makes_anything_look_better(
    value: float | None, flags: tuple[bool, ...], fault: bool, wanted: str | None, lost: State
) -> None:
    overrides = {State.CALIBRATING: QualityOverride(wanted)} if wanted else {}
    described = replace(DESCRIPTION, quality=quality_table(overrides))
    group = build_site("plant", [("stack", "Stack gas", described)]).devices[0].groups[0]
    projector = ChannelProjector(group, CHANNELS)
    first, second = reading("I1", value, ChannelStatus(*flags)), reading("I2", 1.0)
    before = projector.project(batch(first, second, analyser=replace(STATUS, fault=fault, clock=None)))
    after = projector.degrade(lost, Stamp(9, 9))
    for index, point in enumerate(group.points):
        if point.path == ("Status", "Communication") and lost is not State.STOPPED:
            continue
        was, now = group.quality[before.states[index]], group.quality[after.states[index]]
        assert status_class(now.status_code) >= max(status_class(was.status_code), StatusClass.UNCERTAIN)
        assert now.severity is Severity.INVALID
        if now.keeps_value:
            assert after.values[index] is not None


def test_a_channel_out_of_service_stays_so_whatever_it_says() -> None:
    channels = CHANNELS | {"I2": ChannelSpec("ppm", out_of_service=True)}
    projector = ChannelProjector(GROUP, channels)
    expected = State.OUT_OF_SERVICE
    assert state_of(projector.degrade(State.STALE, Stamp(1, 1)), "I2/Value") is expected
    for analyser in (STATUS, replace(STATUS, fault=True)):
        update = projector.project(batch(reading("I1", 20.9), reading("I2", 1.0), analyser=analyser))
        assert state_of(update, "I2/Value") is expected
    for lost in (State.COMMUNICATION_INTERRUPTED, State.COMMUNICATION_LOST):
        assert state_of(projector.degrade(lost, Stamp(9, 9)), "I2/Value") is expected
    assert projector.reason(PLACE["I2/Value"], batch(reading("I1", 20.9), reading("I2", 1.0))).text == (
        "out_of_service is true in the settings"
    )
    assert state_of(projector.degrade(State.STOPPED, Stamp(10, 10)), "I2/Value") is State.STOPPED


def test_limits_have_a_memory_that_an_outage_and_a_calibration_leave_alone() -> None:
    limits = AlarmLimits(high=22, hysteresis=1, delay_s=2)
    channels = CHANNELS | {"I1": ChannelSpec("%", (0.0, 25.0), limits=limits)}
    projector = ChannelProjector(GROUP, channels)

    def after(seconds: int, value: float, status: ChannelStatus | None = None) -> tuple[State, str]:
        one = batch(reading("I1", value, status, "%"), reading("I2", 1.0), ns=seconds * 1_000_000_000)
        state = state_of(projector.project(one), "I1/Value")
        return state, projector.reason(PLACE["I1/Value"], one).text

    early = "fresh; 22.5 % is beyond the limit high, but not yet for the 2 s of its delay"
    assert after(0, 22.5) == (State.GOOD, early)
    assert after(1, 20.0, ChannelStatus(calibrating=True))[0] is State.CALIBRATING
    assert after(2, 22.5) == (State.HIGH, "22.5 % is at or above the limit high, 22 %")
    projector.degrade(State.COMMUNICATION_INTERRUPTED, Stamp(9, 9))
    back = "21.5 % is back from the limit high, 22 %, but not yet past the hysteresis, which ends at 21 %"
    assert after(10, 21.5) == (State.HIGH, back)
    assert after(11, 25.5)[0] is State.OUT_OF_RANGE_HIGH
    assert after(12, 21.5) == (State.HIGH, back)
    assert after(13, 20.9)[0] is State.GOOD
    assert after(14, 21.5)[0] is State.GOOD


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (-1.3, State.CLAMPED_LOW),
        (-1.25, State.CLAMPED_LOW),
        (-1.2, State.OUT_OF_RANGE_LOW),
        (0.0, State.GOOD),
        (25.0, State.GOOD),
        (26.0, State.OUT_OF_RANGE_HIGH),
        (26.25, State.CLAMPED_HIGH),
        (1e9, State.CLAMPED_HIGH),
    ],
)
def test_the_end_of_what_the_instrument_can_show_is_worse_than_out_of_range(value: float, expected: State) -> None:
    channels = CHANNELS | {"I1": ChannelSpec("%", (0.0, 25.0), instrument_range=(-1.25, 26.25))}
    update = ChannelProjector(GROUP, channels).project(batch(reading("I1", value), reading("I2", 1.0)))
    assert state_of(update, "I1/Value") is expected


@pytest.mark.parametrize(
    ("value", "expected"), [(0.0, State.GOOD), (-0.1, State.CLAMPED_LOW), (5.0, State.CLAMPED_HIGH)]
)
def test_nothing_of_a_gas_is_a_measurement_and_no_clamp(value: float, expected: State) -> None:
    channels = CHANNELS | {"I1": ChannelSpec("%", instrument_range=(0.0, 5.0))}
    update = ChannelProjector(GROUP, channels).project(batch(reading("I1", value), reading("I2", 1.0)))
    assert state_of(update, "I1/Value") is expected


def test_only_what_the_analyser_says_has_its_own_quality() -> None:
    table = quality_table({}, simulated=True)
    device = build_site("plant", [("stack", "", replace(DESCRIPTION, quality=table))]).devices[0]
    assert device.quality is table
    assert [group.quality is table for group in device.groups] == [group.name == "Acquired" for group in device.groups]
    assert len(device.groups) > 1


def test_stopping_reaches_every_point() -> None:
    projector = ChannelProjector(GROUP, CHANNELS)
    projector.project(batch(reading("I1", 20.9), reading("I2", 1.0)))
    assert set(projector.degrade(State.STOPPED, Stamp(9, 9)).states) == {State.STOPPED}


@given(
    value=st.one_of(st.none(), st.floats(-100, 100)),
    flags=st.tuples(*[st.booleans()] * 5),
    fault=st.booleans(),
)
def test_a_faulty_value_is_never_good(value: float | None, flags: tuple[bool, ...], fault: bool) -> None:
    status = ChannelStatus(*flags)
    analyser = replace(STATUS, fault=fault)
    update = ChannelProjector(GROUP, CHANNELS).project(
        batch(reading("I1", value, status), reading("I2", 1.0), analyser=analyser)
    )
    quality = QUALITY[state_of(update, "I1/Value")]
    bad = fault or status.fault or status.invalid or status.calibrating or value is None
    assert (quality.status_code >= 0x8000_0000) == bad
    if status.calibrating or status.warming_up:
        assert quality.status_code != 0


def test_the_error_of_a_batch_is_not_the_projectors_business() -> None:
    failed = Sample("stack", None, None, ProtocolKind.MODBUS_RTU, 5, NOON, error=LinkError("gone"))
    with pytest.raises(KeyError):
        ChannelProjector(GROUP, CHANNELS).project([failed])


def test_every_state_has_one_row_and_an_honest_severity() -> None:
    assert set(QUALITY) == set(State)
    for state, quality in QUALITY.items():
        assert quality.keeps_value == (quality.status_code < 0x8000_0000)
        if not quality.keeps_value and state is not State.CALIBRATING:  # planned, so nobody has to be called
            assert quality.severity >= Severity.MAJOR, state
        if quality.status_code:
            assert quality.severity >= Severity.MINOR, state
