"""Which state a channel's value is in, and why: the rules of quality, worst first.

Each rule carries its own reason, so that what `explain` says is what decided, never a second copy of it. A reason is
put into words only when somebody asks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gateway.model.channel_spec import ChannelSpec
from gateway.model.points import AlarmLimits
from gateway.model.quality import State
from gateway.model.readings import AnalyserStatus, Reading

_SAME_UNIT = {"vpm": "ppm"}  # parts per million by volume (Servomex 4000 series: 1 % = 10 000 vpm)

PointPath = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a point is in its state.

    Attributes:
        text: One clause, with the figures that decided.
        decided_by: Paths of the flags that decided, empty where none did.
    """

    text: str
    decided_by: tuple[PointPath, ...] = ()


@dataclass(frozen=True, slots=True)
class ValueRule:
    """One rule that can hold for a value.

    Attributes:
        state: What it leads to.
        reason: Why it held for this reading, this analyser and this channel of the settings.
    """

    state: State
    reason: Callable[[Reading, AnalyserStatus, ChannelSpec], Reason]


def canonical_unit(unit: str) -> str:
    """A unit in the spelling in which units are compared."""
    folded = unit.strip().casefold()
    return _SAME_UNIT.get(folded, folded)


def value_rule(reading: Reading, analyser: AnalyserStatus, spec: ChannelSpec, unit: str) -> ValueRule:
    """The first rule that holds for a channel's value.

    Args:
        reading: What the analyser says of the channel.
        analyser: What it says of itself.
        spec: The channel in the settings.
        unit: `canonical_unit(spec.unit)`, worked out once.
    """
    status = reading.status
    if analyser.fault:
        return _ANALYSER_FAULT
    if status.fault:
        return _CHANNEL_FAULT
    if status.invalid:
        return _INVALID_INPUT
    value = reading.value
    if value is None:
        return _NO_VALUE
    if reading.unit and canonical_unit(reading.unit) != unit:
        return _UNIT_MISMATCH
    if status.calibrating:
        return _CALIBRATING
    if status.warming_up:
        return _WARMING_UP
    if spec.range is not None and not spec.range[0] <= value <= spec.range[1]:
        return _OUT_OF_RANGE
    rule = _GOOD if spec.limits is None else _limit_rule(value, spec.limits)
    if rule is _GOOD and any(status.alarms):
        return _ALARM
    if rule is _GOOD and (status.maintenance or analyser.maintenance):
        return _MAINTENANCE
    return rule


def _limit_rule(value: float, limits: AlarmLimits) -> ValueRule:
    if limits.high_high is not None and value >= limits.high_high:
        return _HIGH_HIGH
    if limits.low_low is not None and value <= limits.low_low:
        return _LOW_LOW
    if limits.high is not None and value >= limits.high:
        return _HIGH
    if limits.low is not None and value <= limits.low:
        return _LOW
    return _GOOD


def _set(*flags: PointPath) -> Reason:
    names = " and ".join("/".join(flag) for flag in flags)
    return Reason(f"{names} {'is' if len(flags) == 1 else 'are'} set", flags)


def _channel_flag(state: State, flag: str) -> ValueRule:
    return ValueRule(state, lambda reading, _analyser, _spec: _set((reading.channel, flag)))


def _limit(state: State, side: str, attribute: str) -> ValueRule:
    def reason(reading: Reading, _analyser: AnalyserStatus, spec: ChannelSpec) -> Reason:
        limit: float = getattr(spec.limits, attribute)
        return Reason(f"{reading.value:g} {spec.unit} is at or {side} the limit {attribute}, {limit:g} {spec.unit}")

    return ValueRule(state, reason)


def _no_value(reading: Reading, _analyser: AnalyserStatus, _spec: ChannelSpec) -> Reason:
    sent = f"the analyser sent {reading.raw.hex(' ')}, no usable number" if reading.raw else "the analyser sent nothing"
    if reading.name or reading.unit:
        return Reason(sent)
    return Reason(f"{sent}, nor a name or a unit: it may not have this channel")


def _wrong_unit(reading: Reading, _analyser: AnalyserStatus, spec: ChannelSpec) -> Reason:
    return Reason(f"the analyser sends '{reading.unit}', the settings say '{spec.unit}'")


def _out_of_range(reading: Reading, _analyser: AnalyserStatus, spec: ChannelSpec) -> Reason:
    low, high = spec.range or (float("nan"), float("nan"))
    return Reason(f"{reading.value:g} {spec.unit} is outside the range {low:g} to {high:g} {spec.unit}")


def _alarms(reading: Reading, _analyser: AnalyserStatus, _spec: ChannelSpec) -> Reason:
    raised = (number for number, alarm in enumerate(reading.status.alarms, start=1) if alarm)
    return _set(*((reading.channel, f"Alarm{number}") for number in raised))


def _maintenance(reading: Reading, analyser: AnalyserStatus, _spec: ChannelSpec) -> Reason:
    own = ((reading.channel, "Maintenance"),) if reading.status.maintenance else ()
    return _set(*own, *((("Status", "Maintenance"),) if analyser.maintenance else ()))


_ANALYSER_FAULT = ValueRule(State.ANALYSER_FAULT, lambda _reading, _analyser, _spec: _set(("Status", "Fault")))
_CHANNEL_FAULT = _channel_flag(State.CHANNEL_FAULT, "Fault")
_INVALID_INPUT = _channel_flag(State.INVALID_INPUT, "Invalid")
_NO_VALUE = ValueRule(State.NO_VALUE, _no_value)
_UNIT_MISMATCH = ValueRule(State.UNIT_MISMATCH, _wrong_unit)
_CALIBRATING = _channel_flag(State.CALIBRATING, "Calibrating")
_WARMING_UP = _channel_flag(State.WARMING_UP, "WarmingUp")
_OUT_OF_RANGE = ValueRule(State.OUT_OF_RANGE, _out_of_range)
_HIGH_HIGH = _limit(State.HIGH_HIGH, "above", "high_high")
_LOW_LOW = _limit(State.LOW_LOW, "below", "low_low")
_HIGH = _limit(State.HIGH, "above", "high")
_LOW = _limit(State.LOW, "below", "low")
_ALARM = ValueRule(State.ALARM, _alarms)
_MAINTENANCE = ValueRule(State.MAINTENANCE, _maintenance)
_GOOD = ValueRule(State.GOOD, lambda _reading, _analyser, _spec: Reason("fresh, and nothing stands against it"))
