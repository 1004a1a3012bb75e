"""Which state a channel's value is in, and why: the rules of quality, worst first.

Each rule carries its own reason, so that what `explain` says is what decided, never a second copy of it. A reason is
put into words only when somebody asks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gateway.model.channel_spec import ChannelSpec
from gateway.model.limit_alarms import LimitWatch, exceeded
from gateway.model.quality import State
from gateway.model.readings import AnalyserStatus, ChannelStatus, Reading
from gateway.model.unit_spelling import canonical_unit
from gateway.model.value import Value

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


def value_rule(
    reading: Reading,
    analyser: AnalyserStatus,
    spec: ChannelSpec,
    unit: str,
    watch: LimitWatch | None = None,
    now_ns: int = 0,
) -> ValueRule:
    """The first rule that holds for a channel's value.

    Args:
        reading: What the analyser says of the channel.
        analyser: What it says of itself.
        spec: The channel in the settings.
        unit: `canonical_unit(spec.unit)`, worked out once.
        watch: Its limits through time; left out, this value is judged alone.
        now_ns: Monotonic time of the reading, for the watch.
    """
    status = reading.status
    if spec.out_of_service:
        return _OUT_OF_SERVICE
    if analyser.fault:
        return _ANALYSER_FAULT
    if status.fault:
        return _CHANNEL_FAULT
    if status.invalid:
        return _INVALID_INPUT
    if reading.value is None:
        return _NO_VALUE if reading.name or reading.unit else _NO_CHANNEL
    if reading.unit and canonical_unit(reading.unit) != unit:
        return _UNIT_MISMATCH
    if status.calibrating:
        return _CALIBRATING
    if status.warming_up:
        return _WARMING_UP
    value = _number(reading.value)
    if value is None:
        return _flagged(status, analyser)
    # A watch sees every process value, also one that a worse rule decides on.
    limit = None if spec.limits is None else watch.judge(value, now_ns) if watch else exceeded(spec.limits, value)
    if spec.instrument_range is not None:
        low, high = spec.instrument_range
        if value < low or value == low != 0:
            return _CLAMPED_LOW
        if value > high or value == high != 0:
            return _CLAMPED_HIGH
    if spec.range is not None:
        if value < spec.range[0]:
            return _OUT_OF_RANGE_LOW
        if value > spec.range[1]:
            return _OUT_OF_RANGE_HIGH
    if limit is not None:
        return _LIMIT[limit]
    return _flagged(status, analyser)


def described_rule(
    reading: Reading, analyser: AnalyserStatus, spec: ChannelSpec, unit: str, watch: LimitWatch | None, now_ns: int
) -> ValueRule:
    """As `value_rule`, for a point that the driver has described: it is there even when it says nothing."""
    rule = value_rule(reading, analyser, spec, unit, watch, now_ns)
    return _NO_VALUE if rule is _NO_CHANNEL else rule


def _number(value: Value) -> float | None:
    """A value that can be beyond a range or a limit; None for any other."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _flagged(status: ChannelStatus, analyser: AnalyserStatus) -> ValueRule:
    """What the flags lead to that leave a value good."""
    if any(status.alarms):
        return _ALARM
    if status.maintenance or analyser.maintenance:
        return _MAINTENANCE
    return _GOOD


def _set(*flags: PointPath) -> Reason:
    names = " and ".join("/".join(flag) for flag in flags)
    return Reason(f"{names} {'is' if len(flags) == 1 else 'are'} set", flags)


def _channel_flag(state: State, flag: str) -> ValueRule:
    return ValueRule(state, lambda reading, _analyser, _spec: _set((reading.channel, flag)))


_SIDES = {"high_high": (1, "above"), "low_low": (-1, "below"), "high": (1, "above"), "low": (-1, "below")}


def _past(attribute: str, value: float | None, spec: ChannelSpec) -> float | None:
    """How far a value is beyond a limit, negative where it is not; None without value or limit."""
    limit: float | None = getattr(spec.limits, attribute, None)
    return None if limit is None or value is None else (value - limit) * _SIDES[attribute][0]


def _limit(state: State, attribute: str) -> ValueRule:
    def reason(reading: Reading, _analyser: AnalyserStatus, spec: ChannelSpec) -> Reason:
        limit: float = getattr(spec.limits, attribute)
        sign, side = _SIDES[attribute]
        past = _past(attribute, _number(reading.value), spec)
        if spec.limits is not None and past is not None and past < 0:
            ends = f"{limit - sign * spec.limits.hysteresis:g} {spec.unit}"
            back = f"{reading.value:g} {spec.unit} is back from the limit {attribute}, {limit:g} {spec.unit}"
            return Reason(f"{back}, but not yet past the hysteresis, which ends at {ends}")
        return Reason(f"{reading.value:g} {spec.unit} is at or {side} the limit {attribute}, {limit:g} {spec.unit}")

    return ValueRule(state, reason)


def _sent(reading: Reading) -> str:
    return f"the analyser sent {reading.raw.hex(' ')}, no usable number" if reading.raw else "the analyser sent nothing"


def _no_value(reading: Reading, _analyser: AnalyserStatus, _spec: ChannelSpec) -> Reason:
    return Reason(_sent(reading))


def _no_channel(reading: Reading, _analyser: AnalyserStatus, _spec: ChannelSpec) -> Reason:
    return Reason(f"{_sent(reading)}, nor a name or a unit: it may not have this channel")


def _wrong_unit(reading: Reading, _analyser: AnalyserStatus, spec: ChannelSpec) -> Reason:
    return Reason(f"the analyser sends '{reading.unit}', the settings say '{spec.unit}'")


def _out_of_service(_reading: Reading, _analyser: AnalyserStatus, _spec: ChannelSpec) -> Reason:
    return Reason("out_of_service is true in the settings")


def _out_of_range(reading: Reading, _analyser: AnalyserStatus, spec: ChannelSpec) -> Reason:
    low, high = spec.range or (float("nan"), float("nan"))
    return Reason(f"{reading.value:g} {spec.unit} is outside the range {low:g} to {high:g} {spec.unit}")


def _clamped(reading: Reading, _analyser: AnalyserStatus, spec: ChannelSpec) -> Reason:
    low, high = spec.instrument_range or (float("nan"), float("nan"))
    where = f"the instrument range {low:g} to {high:g} {spec.unit}"
    return Reason(f"{reading.value:g} {spec.unit} is at the end of {where}, or past it: the true value may be further")


def _good(reading: Reading, _analyser: AnalyserStatus, spec: ChannelSpec) -> Reason:
    if spec.limits is not None:
        for attribute in _SIDES:
            past = _past(attribute, _number(reading.value), spec)
            if past is not None and past >= 0:
                limit = f"{reading.value:g} {spec.unit} is beyond the limit {attribute}"
                return Reason(f"fresh; {limit}, but not yet for the {spec.limits.delay_s:g} s of its delay")
    return Reason("fresh, and nothing stands against it")


def _alarms(reading: Reading, _analyser: AnalyserStatus, _spec: ChannelSpec) -> Reason:
    raised = (number for number, alarm in enumerate(reading.status.alarms, start=1) if alarm)
    return _set(*((reading.channel, f"Alarm{number}") for number in raised))


def _maintenance(reading: Reading, analyser: AnalyserStatus, _spec: ChannelSpec) -> Reason:
    own = ((reading.channel, "Maintenance"),) if reading.status.maintenance else ()
    return _set(*own, *((("Status", "Maintenance"),) if analyser.maintenance else ()))


_ANALYSER_FAULT = ValueRule(State.ANALYSER_FAULT, lambda _reading, _analyser, _spec: _set(("Status", "Fault")))
_CHANNEL_FAULT = _channel_flag(State.CHANNEL_FAULT, "Fault")
_INVALID_INPUT = _channel_flag(State.INVALID_INPUT, "Invalid")
_OUT_OF_SERVICE = ValueRule(State.OUT_OF_SERVICE, _out_of_service)
_NO_VALUE = ValueRule(State.NO_VALUE, _no_value)
_NO_CHANNEL = ValueRule(State.NO_CHANNEL, _no_channel)
_UNIT_MISMATCH = ValueRule(State.UNIT_MISMATCH, _wrong_unit)
_CALIBRATING = _channel_flag(State.CALIBRATING, "Calibrating")
_WARMING_UP = _channel_flag(State.WARMING_UP, "WarmingUp")
_CLAMPED_LOW = ValueRule(State.CLAMPED_LOW, _clamped)
_CLAMPED_HIGH = ValueRule(State.CLAMPED_HIGH, _clamped)
_OUT_OF_RANGE_LOW = ValueRule(State.OUT_OF_RANGE_LOW, _out_of_range)
_OUT_OF_RANGE_HIGH = ValueRule(State.OUT_OF_RANGE_HIGH, _out_of_range)
_LIMIT = {
    state: _limit(state, state.value.replace("-", "_"))
    for state in (State.HIGH_HIGH, State.LOW_LOW, State.HIGH, State.LOW)
}
_ALARM = ValueRule(State.ALARM, _alarms)
_MAINTENANCE = ValueRule(State.MAINTENANCE, _maintenance)
_GOOD = ValueRule(State.GOOD, _good)
