"""From the values and states of an analyser to what they say of its alarms. Plain Python.

A watch looks at one group of points again and again, and speaks only when what it sees has changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from gateway.adapters.opcua.conditions.alarm_kinds import ALARMS, LEVEL_SEVERITIES, AlarmName
from gateway.adapters.opcua.conditions.alarm_state import NOTHING, Finding
from gateway.model.limit_alarms import LimitWatch
from gateway.model.points import AlarmLimits, PointSpec
from gateway.model.quality import State
from gateway.model.value import Value

OUT_OF_TOUCH = frozenset(
    {State.WAITING, State.STALE, State.COMMUNICATION_INTERRUPTED, State.COMMUNICATION_LOST, State.STOPPED}
)
"""States in which a flag says what the analyser said last, not what it says."""

_UNUSABLE = OUT_OF_TOUCH | {
    State.CALIBRATING,
    State.WARMING_UP,
    State.NO_VALUE,
    State.NO_CHANNEL,
    State.INVALID_INPUT,
    State.CHANNEL_FAULT,
    State.ANALYSER_FAULT,
    State.UNIT_MISMATCH,
    State.OUT_OF_SERVICE,
}
"""States in which a value is no process value, so that it is neither within limits nor beyond them."""

_AS_GOOD = frozenset(
    {State.GOOD, State.MAINTENANCE, State.ALARM, State.LOW, State.HIGH, State.LOW_LOW, State.HIGH_HIGH}
)
"""States that say nothing against the value."""

_LOST = frozenset({State.STALE.value, State.COMMUNICATION_LOST.value})
_UNDECIDED = frozenset({State.WAITING.value, State.COMMUNICATION_INTERRUPTED.value, State.STOPPED.value, None})


class Watch(Protocol):
    """Judges one alarm."""

    def look(self, values: Sequence[Value], states: Sequence[State], now_ns: int) -> Finding | None:
        """What the values say, or None for nothing new since the last look."""
        ...


class FlagsWatch:
    """An alarm for which any of several flags is the ground, or the state of a value.

    Args:
        name: Which alarm.
        subject: Whose alarm it is, for messages.
        witness: Place of a point whose state tells whether flags can be trusted.
        flags: Place of each flag, and the name of the ground.
        value_states: Place of a value, the name of the ground, and the states that are one.
        in_service: Name of the ground to place of a value; a ground whose value is out of service does not count.
    """

    def __init__(
        self,
        name: AlarmName,
        subject: str,
        witness: int,
        flags: Sequence[tuple[int, str]],
        value_states: Sequence[tuple[int, str, frozenset[State]]] = (),
        in_service: Mapping[str, int] | None = None,
    ) -> None:
        self._kind = ALARMS[name]
        self._subject = subject
        self._witness = witness
        self._flags = tuple(flags)
        self._value_states = tuple(value_states)
        self._in_service = dict(in_service or {})
        self._seen: tuple[frozenset[str] | None, State] | None = None

    def look(self, values: Sequence[Value], states: Sequence[State], _now_ns: int) -> Finding | None:
        """See `Watch`."""
        quality = states[self._witness]
        grounds = None if quality in OUT_OF_TOUCH else self._grounds(values, states)
        if (grounds, quality) == self._seen:
            return None
        self._seen = grounds, quality
        return Finding(grounds, self._kind.severity, quality, self._message(grounds))

    def _grounds(self, values: Sequence[Value], states: Sequence[State]) -> frozenset[str]:
        grounds = {ground for place, ground in self._flags if values[place]}
        grounds.update(ground for place, ground, bad in self._value_states if states[place] in bad)
        for ground, place in self._in_service.items():
            if states[place] is State.OUT_OF_SERVICE:
                grounds.discard(ground)
        return frozenset(grounds)

    def _message(self, grounds: frozenset[str] | None) -> str:
        if grounds is None:
            return f"{self._subject}: not known whether {self._kind.up} goes on"
        if not grounds:
            return f"{self._subject}: {self._kind.up} is over"
        named = ", ".join(sorted(ground for ground in grounds if ground))
        return f"{self._subject}: {self._kind.up} ({named})" if named else f"{self._subject}: {self._kind.up}"


class CommunicationWatch:
    """The alarm of an analyser that is not heard any longer.

    Args:
        subject: Name of the analyser.
        place: Place of the point that tells the state of the communication.
    """

    def __init__(self, subject: str, place: int) -> None:
        self._subject = subject
        self._place = place
        self._seen: Value = State.WAITING.value

    def look(self, values: Sequence[Value], _states: Sequence[State], _now_ns: int) -> Finding | None:
        """See `Watch`. A read that failed now and then is not a loss yet."""
        said = values[self._place]
        if said == self._seen or said in _UNDECIDED:
            return None
        self._seen = said
        kind = ALARMS[AlarmName.COMMUNICATION]
        if said in _LOST:
            return Finding(frozenset({""}), kind.severity, State.GOOD, f"{self._subject}: {kind.up}")
        return Finding(NOTHING, kind.severity, State.GOOD, f"{self._subject}: communication is back")


_SIDES: Mapping[State, tuple[str, str, tuple[State, ...]]] = {
    State.HIGH_HIGH: ("above the high-high limit", "high_high", (State.HIGH, State.HIGH_HIGH)),
    State.HIGH: ("above the high limit", "high", (State.HIGH,)),
    State.LOW: ("below the low limit", "low", (State.LOW,)),
    State.LOW_LOW: ("below the low-low limit", "low_low", (State.LOW, State.LOW_LOW)),
}
"""Words, the limit, and the grounds: a value beyond the second limit is beyond the first one too."""


class LimitsWatch:
    """The alarm of a value with limits, with the hysteresis and the delay of the settings.

    Args:
        subject: Whose alarm it is, for messages.
        place: Place of the value.
        point: The value.
        limits: Its limits.
    """

    def __init__(self, subject: str, place: int, point: PointSpec, limits: AlarmLimits) -> None:
        self._subject = subject
        self._place = place
        self._point = point
        self._limits = limits
        self._watch = LimitWatch(limits)
        self._seen: tuple[State | None, State | None] | None = None

    def look(self, values: Sequence[Value], states: Sequence[State], now_ns: int) -> Finding | None:
        """See `Watch`."""
        value, quality = values[self._place], states[self._place]
        if quality in _UNUSABLE or not isinstance(value, (int, float)):
            if self._seen == (None, quality):
                return None
            self._seen = None, quality
            severity = ALARMS[AlarmName.LIMITS].severity
            return Finding(None, severity, quality, f"{self._subject}: no process value to judge")
        level = self._watch.judge(value, now_ns)
        quality = State.GOOD if quality in _AS_GOOD else quality
        if self._seen == (level, quality):
            return None
        self._seen = level, quality
        shown = f"{self._subject}: {value:.{self._point.precision}f} {self._point.unit}".rstrip()
        if level is None:
            severity = ALARMS[AlarmName.LIMITS].severity
            return Finding(NOTHING, severity, quality, f"{shown} is within its limits")
        words, limit, grounds = _SIDES[level]
        message = f"{shown} is {words}, {getattr(self._limits, limit):g} {self._point.unit}".rstrip()
        return Finding(frozenset(map(str, grounds)), LEVEL_SEVERITIES[level], quality, message, level)
