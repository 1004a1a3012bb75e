"""How much of a wire the troubled addresses may take from the others: dead, slow and garbling ones alike."""

from __future__ import annotations

LEAST_SHARE = 0.04
"""Of the wire's time, for all troubled addresses together, however busy the wire is."""

SHARE_OF_IDLE = 0.25
"""Of the time in which the wire is idle, where a lost answer costs the others no more than one period."""


class ExcessTime:
    """Accounts of time lost: what an exchange took beyond what it should have taken.

    Every address may lose a certain time at once, so that an answer that goes missing now and then is simply asked for
    again. After that it earns time back at a rate that all troubled addresses share. An address that has spent its time
    rests until it has earned half of it, enough for a whole sweep.

    Args:
        most_ns: What an address may lose at once, in nanoseconds.
        now_ns: Monotonic time.
    """

    def __init__(self, most_ns: int, now_ns: int) -> None:
        self._most_ns = most_ns
        self._left: dict[int, float] = {}
        self._resting: set[int] = set()
        self._now_ns = now_ns

    def charge(self, unit: int, excess_ns: int, now_ns: int, share: float) -> None:
        """Take lost time off an address's account.

        Args:
            unit: Modbus address.
            excess_ns: Time lost; nothing is charged below 1.
            now_ns: Monotonic time.
            share: Share of the wire's time that the troubled addresses may take, above 0.
        """
        self._earn(now_ns, share)
        if excess_ns > 0:
            self._left[unit] = self._left.get(unit, self._most_ns) - excess_ns
            if self._left[unit] <= 0:
                self._resting.add(unit)

    def rest_ns(self, unit: int, now_ns: int, share: float) -> int:
        """How long the address must still rest; 0 when it may be asked."""
        self._earn(now_ns, share)
        if unit not in self._resting:
            return 0
        return self.pause_ns(self._most_ns / 2 - self._left[unit], share)

    def pause_ns(self, spent_ns: float, share: float) -> int:
        """How long it takes to earn back so much time."""
        return int(spent_ns / self._rate(share)) + 1

    def _rate(self, share: float) -> float:
        """Nanoseconds that each troubled address earns per nanosecond."""
        return share / max(1, len(self._left))

    def _earn(self, now_ns: int, share: float) -> None:
        earned = (now_ns - self._now_ns) * self._rate(share)
        self._now_ns = now_ns
        self._left = {unit: left + earned for unit, left in self._left.items() if left + earned < self._most_ns}
        self._resting = {unit for unit in self._resting if self._left.get(unit, self._most_ns) < self._most_ns / 2}
