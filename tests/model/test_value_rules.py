"""The rule that decides a state is the one that gives the reason."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.channel_projection import ChannelProjector
from gateway.model.channel_spec import ChannelSpec
from gateway.model.device_description import DeviceDescription
from gateway.model.points import AlarmLimits
from gateway.model.quality import State
from gateway.model.readings import AnalyserStatus, ChannelKind, ChannelStatus, ProtocolKind, Reading
from gateway.model.sample import Sample
from gateway.model.site_builder import build_site
from gateway.model.unit_spelling import canonical_unit
from gateway.model.value_rules import value_rule

SPEC = ChannelSpec("%", (0.0, 25.0), limits=AlarmLimits(low_low=2, low=5, high=20, high_high=24))
FINE = AnalyserStatus()


def reading(value: float | None = 10.0, unit: str = "%", name: str = "Oxygen", **status: bool) -> Reading:
    raw = b"" if value is None and not name else b"\x7f\xc0\0\0"
    return Reading("I1", ChannelKind.MEASURED, name, value, unit, ChannelStatus(**status), raw)


def alarms(*raised: int) -> Reading:
    up = tuple(number in raised for number in range(1, 5))
    return Reading("I1", ChannelKind.MEASURED, "Oxygen", 10.0, "%", ChannelStatus(alarms=up))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("case", "analyser", "state", "text", "flags"),
    [
        (reading(), FINE, State.GOOD, "fresh, and nothing stands against it", []),
        (reading(), AnalyserStatus(fault=True), State.ANALYSER_FAULT, "Status/Fault is set", ["Status/Fault"]),
        (reading(fault=True), FINE, State.CHANNEL_FAULT, "I1/Fault is set", ["I1/Fault"]),
        (reading(invalid=True), FINE, State.INVALID_INPUT, "I1/Invalid is set", ["I1/Invalid"]),
        (reading(None), FINE, State.NO_VALUE, "the analyser sent 7f c0 00 00, no usable number", []),
        (
            reading(None, unit="", name=""),
            FINE,
            State.NO_CHANNEL,
            "the analyser sent nothing, nor a name or a unit: it may not have this channel",
            [],
        ),
        (reading(unit="vpm"), FINE, State.UNIT_MISMATCH, "the analyser sends 'vpm', the settings say '%'", []),
        (reading(calibrating=True), FINE, State.CALIBRATING, "I1/Calibrating is set", ["I1/Calibrating"]),
        (reading(warming_up=True), FINE, State.WARMING_UP, "I1/WarmingUp is set", ["I1/WarmingUp"]),
        (reading(26.5), FINE, State.OUT_OF_RANGE_HIGH, "26.5 % is outside the range 0 to 25 %", []),
        (reading(24.0), FINE, State.HIGH_HIGH, "24 % is at or above the limit high_high, 24 %", []),
        (reading(21.5), FINE, State.HIGH, "21.5 % is at or above the limit high, 20 %", []),
        (reading(4.0), FINE, State.LOW, "4 % is at or below the limit low, 5 %", []),
        (reading(0.5), FINE, State.LOW_LOW, "0.5 % is at or below the limit low_low, 2 %", []),
        (alarms(2), FINE, State.ALARM, "I1/Alarm2 is set", ["I1/Alarm2"]),
        (alarms(1, 4), FINE, State.ALARM, "I1/Alarm1 and I1/Alarm4 are set", ["I1/Alarm1", "I1/Alarm4"]),
        (reading(maintenance=True), FINE, State.MAINTENANCE, "I1/Maintenance is set", ["I1/Maintenance"]),
        (
            reading(),
            AnalyserStatus(maintenance=True),
            State.MAINTENANCE,
            "Status/Maintenance is set",
            ["Status/Maintenance"],
        ),
    ],
    ids=lambda case: case.value if isinstance(case, State) else "",
)
def test_every_rule_says_what_decided(
    case: Reading, analyser: AnalyserStatus, state: State, text: str, flags: list[str]
) -> None:
    rule = value_rule(case, analyser, SPEC, canonical_unit(SPEC.unit))
    reason = rule.reason(case, analyser, SPEC)
    assert (rule.state, reason.text, ["/".join(flag) for flag in reason.decided_by]) == (state, text, flags)


@given(
    st.one_of(st.none(), st.floats(-10, 40)),
    st.sampled_from(["%", "vpm", ""]),
    st.lists(st.booleans(), min_size=11, max_size=11),
)
def test_the_reason_is_of_the_state_that_clients_see_and_its_flags_are_up(
    value: float | None, unit: str, bits: list[bool]
) -> None:
    status = ChannelStatus(*bits[:5], alarms=(bits[5], bits[6], bits[7], bits[8]))
    analyser = AnalyserStatus(bits[9], bits[10])
    site = build_site("plant", [("stack", "", DeviceDescription("", "", {"I1": SPEC}))])
    projector = ChannelProjector(site.groups[0], {"I1": SPEC})
    one = Reading("I1", ChannelKind.MEASURED, "Oxygen", value, unit, status, b"raw")
    moment = datetime(2026, 5, 4, 12, tzinfo=UTC)
    batch = [Sample("stack", "I1", one, ProtocolKind.MODBUS_RTU, 1, moment, metadata={"analyser": analyser})]
    update = projector.project(batch)
    shown = dict(zip((point.path for point in site.groups[0].points), update.values, strict=True))
    reason = projector.reason(0, batch)
    assert value_rule(one, analyser, SPEC, "%").state is update.states[0]
    assert reason.text
    assert all(shown[flag] is True for flag in reason.decided_by)
    assert bool(reason.decided_by) == (
        update.states[0]
        in {
            State.ANALYSER_FAULT,
            State.CHANNEL_FAULT,
            State.INVALID_INPUT,
            State.CALIBRATING,
            State.WARMING_UP,
            State.ALARM,
            State.MAINTENANCE,
        }
    )
