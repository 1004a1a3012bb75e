"""Points that a driver describes one by one: partial batches, stale times of their own, rules of their channel."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.model.channel_spec import ChannelSpec
from gateway.model.described_point import DescribedPoint
from gateway.model.device_description import DeviceDescription
from gateway.model.points import AlarmLimits, PointSpec, ValueKind
from gateway.model.projection import projection
from gateway.model.quality import State
from gateway.model.readings import AnalyserStatus, ChannelKind, ChannelStatus, ProtocolKind, Reading
from gateway.model.sample import Sample
from gateway.model.site_builder import build_site, value_point
from gateway.model.stamp import Stamp
from gateway.model.value import Value

CHANNELS = {
    "Temperature": ChannelSpec("degC", range=(0, 100), limits=AlarmLimits(high=80)),
    "Serial": ChannelSpec(""),
    "Spare": ChannelSpec("V", out_of_service=True),
}
POINTS = (
    DescribedPoint(value_point("Temperature", CHANNELS["Temperature"]), "Temperature", stale_after_s=2.0),
    DescribedPoint(value_point("Serial", CHANNELS["Serial"], ValueKind.TEXT), "Serial"),
    DescribedPoint(value_point("Spare", CHANNELS["Spare"]), "Spare"),
    DescribedPoint(PointSpec(("Pump", "Running"), ValueKind.BOOLEAN, "Pump runs")),
    DescribedPoint(PointSpec(("Trace", "Waveform"), ValueKind.FLOAT, "A trace", cyclic=True, length=4)),
)
DESCRIPTION = DeviceDescription("Maker", "M1", CHANNELS, points=POINTS, is_local=True)
SITE = build_site("site", [("bench", "", DESCRIPTION)])
GROUP = SITE.groups[0]
TEMPERATURE, SERIAL, SPARE, RUNNING, TRACE, COMMUNICATION, TICK = range(7)
SECOND = 1_000_000_000


def sample(path: str, value: Value, at_s: float = 0.0, unit: str = "", **status: Any) -> Sample:
    reading = Reading(path, ChannelKind.MEASURED, "", value, unit, ChannelStatus(**status))
    moment = datetime(2026, 1, 1, 12, tzinfo=UTC)
    return Sample("bench", path, reading, ProtocolKind.LOCAL, round(at_s * SECOND), moment)


def test_the_points_are_the_described_ones_and_those_of_the_gateway():
    assert [point.browse_path for point in GROUP.points] == [
        "Temperature/Value",
        "Serial/Value",
        "Spare/Value",
        "Pump/Running",
        "Trace/Waveform",
        "Status/Communication",
        "Status/Tick",
    ]
    assert [group.name for group in SITE.groups] == ["Acquired", "Diagnostics"]
    assert GROUP.points[TRACE].length == 4


def test_a_partial_batch_leaves_the_others_as_they_were():
    made = projection(GROUP, DESCRIPTION)
    first = made.project(
        [sample("Temperature/Value", 20.0), sample("Serial/Value", "A7"), sample("Pump/Running", True)]
    )
    assert first.values[:4] == [20.0, "A7", None, True]
    assert first.states[:4] == [State.GOOD, State.GOOD, State.OUT_OF_SERVICE, State.GOOD]
    assert first.states[TRACE] is State.WAITING
    second = made.project([sample("Pump/Running", False, at_s=1)])
    assert second.values[:4] == [20.0, "A7", None, False]
    assert list(second.changed) == [RUNNING, TICK]
    assert second.values[TICK] == 2


def test_a_point_ages_by_itself_while_others_come():
    made = projection(GROUP, DESCRIPTION)
    made.project([sample("Temperature/Value", 20.0), sample("Serial/Value", "A7")])
    states = {
        at_s: made.project([sample("Serial/Value", "A7", at_s=at_s)]).states[TEMPERATURE]
        for at_s in (1.9, 2, 5.9, 6, 9)
    }
    assert states == {
        1.9: State.GOOD,
        2: State.STALE,
        5.9: State.STALE,
        6: State.COMMUNICATION_LOST,
        9: State.COMMUNICATION_LOST,
    }
    back = made.project([sample("Temperature/Value", 21.0, at_s=10)])
    assert (back.values[TEMPERATURE], back.states[TEMPERATURE]) == (21.0, State.GOOD)
    assert back.states[SERIAL] is State.GOOD


def test_a_point_that_never_comes_is_lost_and_not_waited_for_for_ever():
    made = projection(GROUP, DESCRIPTION)
    assert made.project([sample("Serial/Value", "A7")]).states[TEMPERATURE] is State.WAITING
    assert made.project([sample("Serial/Value", "A7", at_s=2)]).states[TEMPERATURE] is State.COMMUNICATION_LOST


@pytest.mark.parametrize(
    ("given", "state"),
    [
        (sample("Temperature/Value", 101.0), State.OUT_OF_RANGE_HIGH),
        (sample("Temperature/Value", 85.0), State.HIGH),
        (sample("Temperature/Value", 20.0, fault=True), State.CHANNEL_FAULT),
        (sample("Temperature/Value", None), State.NO_VALUE),
        (sample("Temperature/Value", 20.0, unit="K"), State.UNIT_MISMATCH),
        (sample("Temperature/Value", 20.0, alarms=(True, False, False, False)), State.ALARM),
        (sample("Temperature/Value", True), State.GOOD),
    ],
)
def test_the_rules_of_its_channel_hold(given: Sample, state: State):
    assert projection(GROUP, DESCRIPTION).project([given]).states[TEMPERATURE] is state


def test_an_analyser_that_reports_a_fault_spoils_every_point_that_came():
    made = projection(GROUP, DESCRIPTION)
    faulty = Sample(
        "bench",
        "Serial/Value",
        sample("Serial/Value", "A7").reading,
        ProtocolKind.LOCAL,
        0,
        datetime(2026, 1, 1, tzinfo=UTC),
        metadata={"analyser": AnalyserStatus(fault=True)},
    )
    assert made.project([faulty]).states[SERIAL] is State.ANALYSER_FAULT


def test_a_flag_stays_good_while_it_says_that_the_analyser_is_faulty():
    made = projection(GROUP, DESCRIPTION)
    status = {"analyser": AnalyserStatus(fault=True)}
    flag = replace(sample("Pump/Running", True), metadata=status)
    assert made.project([flag]).states[RUNNING] is State.GOOD


def test_a_reason_names_the_flag_of_the_channel():
    made = projection(GROUP, DESCRIPTION)
    batch = [sample("Temperature/Value", 20.0, fault=True)]
    made.project(batch)
    assert made.reason(TEMPERATURE, batch).decided_by == (("Temperature", "Fault"),)


def test_an_array_that_comes_is_new_and_one_that_does_not_is_not_compared():
    made = projection(GROUP, DESCRIPTION)
    trace = memoryview(b"\0" * 32).cast("d")
    assert TRACE in made.project([sample("Trace/Waveform", trace)]).changed
    assert TRACE in made.project([sample("Trace/Waveform", trace, at_s=1)]).changed
    later = made.project([sample("Serial/Value", "A7", at_s=2)])
    assert TRACE not in later.changed
    assert later.values[TRACE] is trace


def test_a_loss_lowers_everything_but_what_is_out_of_service():
    made = projection(GROUP, DESCRIPTION)
    made.project([sample("Temperature/Value", 20.0)])
    lost = made.degrade(State.COMMUNICATION_INTERRUPTED, Stamp(3 * SECOND, 0))
    assert lost.states[TEMPERATURE] is State.COMMUNICATION_INTERRUPTED
    assert lost.values[TEMPERATURE] == 20.0
    assert lost.states[SERIAL] is State.COMMUNICATION_LOST
    assert lost.states[SPARE] is State.OUT_OF_SERVICE
    assert lost.values[COMMUNICATION] == State.COMMUNICATION_INTERRUPTED.value


def test_each_point_knows_why_it_is_as_it_is():
    made = projection(GROUP, DESCRIPTION)
    batch = [sample("Temperature/Value", 85.0), sample("Serial/Value", "A7")]
    made.project(batch)
    assert "at or above the limit high, 80 degC" in made.reason(TEMPERATURE, batch).text
    assert "not told of it yet" in made.reason(RUNNING, batch).text
    late = [sample("Serial/Value", "A7", at_s=3)]
    made.project(late)
    assert "more than its 2 s" in made.reason(TEMPERATURE, late).text


def test_a_point_that_was_not_described_is_a_fault_of_the_driver():
    with pytest.raises(KeyError):
        projection(GROUP, DESCRIPTION).project([sample("Nothing/Value", 1.0)])
