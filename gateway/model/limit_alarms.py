"""Which configured limit of a process value is exceeded, with hysteresis and on-delay.

Hysteresis is that of EPICS records (HYST): once in alarm, the value has to come back by more than it; it has no part in
going into alarm. The delay is the OnDelay of OPC 10000-9: an alarm goes up when the value has been beyond the limit for
so long. A watch sees process values only. What it knew before a calibration or an outage it knows afterwards, and the
time between counts: an alarm that comes early is better than one that a flaky wire puts off for ever.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.model.points import AlarmLimits
from gateway.model.quality import State


@dataclass(frozen=True, slots=True)
class LimitMemory:
    """What has to be remembered of one limit.

    Attributes:
        since_ns: Monotonic time from which every value was beyond the limit, or still within the hysteresis of a limit
            in alarm; None while the value is on the right side.
        active: Whether it is in alarm.
    """

    since_ns: int | None = None
    active: bool = False


CLEAR = LimitMemory()
"""The value is on the right side of the limit."""


def next_memory(memory: LimitMemory, now_ns: int, delay_ns: int, *, beyond: bool, cleared: bool) -> LimitMemory:
    """How one limit stands after one value.

    Args:
        memory: How it stood before.
        now_ns: Monotonic time of the value.
        delay_ns: On-delay.
        beyond: The value is at the limit or past it.
        cleared: The value has come back from the limit by more than the hysteresis.
    """
    if cleared or not (beyond or memory.active):
        return CLEAR
    since_ns = now_ns if memory.since_ns is None else memory.since_ns
    return LimitMemory(since_ns, memory.active or now_ns - since_ns >= delay_ns)


@dataclass(frozen=True, slots=True)
class _Limit:
    state: State
    value: float
    sign: int
    """1 for an upper limit, -1 for a lower one: times it, every limit is an upper one."""


def _worst_first(limits: AlarmLimits) -> tuple[_Limit, ...]:
    every = (
        (State.HIGH_HIGH, limits.high_high, 1),
        (State.LOW_LOW, limits.low_low, -1),
        (State.HIGH, limits.high, 1),
        (State.LOW, limits.low, -1),
    )
    return tuple(_Limit(state, value, sign) for state, value, sign in every if value is not None)


def exceeded(limits: AlarmLimits, value: float) -> State | None:
    """The worst limit that a value is beyond, without memory; None for none."""
    if limits.high_high is not None and value >= limits.high_high:
        return State.HIGH_HIGH
    if limits.low_low is not None and value <= limits.low_low:
        return State.LOW_LOW
    if limits.high is not None and value >= limits.high:
        return State.HIGH
    if limits.low is not None and value <= limits.low:
        return State.LOW
    return None


class LimitWatch:
    """The limits of one channel through time.

    Args:
        limits: What the settings say.
    """

    def __init__(self, limits: AlarmLimits) -> None:
        self._limits = limits
        self._remembers = limits.hysteresis > 0 or limits.delay_s > 0
        self._delay_ns = round(limits.delay_s * 1e9)
        self._worst_first = _worst_first(limits)
        self._memories = [CLEAR] * len(self._worst_first)

    def judge(self, value: float, now_ns: int) -> State | None:
        """Take one process value; the worst limit in alarm now, None for none.

        Args:
            value: Process value in the unit of the limits.
            now_ns: Its monotonic time, never less than that of the value before.
        """
        if not self._remembers:
            return exceeded(self._limits, value)
        worst: State | None = None
        for place, limit in enumerate(self._worst_first):
            past = (value - limit.value) * limit.sign
            memory = next_memory(
                self._memories[place],
                now_ns,
                self._delay_ns,
                beyond=past >= 0,
                cleared=past < -self._limits.hysteresis,
            )
            self._memories[place] = memory
            if memory.active and worst is None:
                worst = limit.state
        return worst
