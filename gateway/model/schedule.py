"""Absolute schedules: slot n is due at start + n / rate, in exact integer arithmetic, so nothing accumulates."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

NS_PER_S = 1_000_000_000


def total_slots(duration_s: float, rate_hz: float) -> int:
    """Number of slots in a timed run: `ceil(round(duration * rate, 9))`, at least 1.

    Rounding to nine decimals first keeps binary noise (0.3 s at 10 Hz is 3.0000000000000004) from adding a slot.

    Raises:
        ValueError: The product is too large to count.
    """
    product = duration_s * rate_hz
    if not math.isfinite(product):
        raise ValueError(f"duration {duration_s!r} s at {rate_hz!r} Hz has no countable number of slots")
    return max(1, math.ceil(round(product, 9)))


@dataclass(frozen=True, slots=True)
class Schedule:
    """When each slot of a periodic acquisition is due.

    Attributes:
        start_ns: Monotonic time of slot 0.
        period_ns: Exact period; it need not be a whole number of nanoseconds.
        total: Number of slots, None for no end.
    """

    start_ns: int
    period_ns: Fraction
    total: int | None = None

    @classmethod
    def at_rate(cls, start_ns: int, rate_hz: float, duration_s: float | None = None) -> Schedule:
        """Build from a rate, read as the decimal number that people wrote: 0.1 Hz is a period of 10 s exactly.

        Raises:
            ValueError: The duration holds no countable number of slots.
        """
        period = NS_PER_S / Fraction(repr(float(rate_hz)))
        return cls(start_ns, period, None if duration_s is None else total_slots(duration_s, rate_hz))

    @property
    def end_ns(self) -> int | None:
        """End of the last slot's period; None for no end."""
        return None if self.total is None else self.due(self.total)

    def due(self, slot: int) -> int:
        """Monotonic time at which `slot` is due, rounded down to a nanosecond."""
        period = self.period_ns
        return self.start_ns + slot * period.numerator // period.denominator

    def slot_at(self, now_ns: int) -> int:
        """The latest slot that is due at `now_ns`; negative before the start."""
        period = self.period_ns
        return ((now_ns - self.start_ns + 1) * period.denominator - 1) // period.numerator

    def missed(self, slot: int, now_ns: int) -> int:
        """How many slots from `slot` on can no longer be polled at `now_ns`.

        Up to one whole period behind, a slot is still polled. Further behind, all slots but the one under way are
        missed; there is no catching up. From the end of the last slot's period on, all that remain are missed.
        """
        if now_ns < self.due(slot + 1):
            return 0
        behind = self.slot_at(now_ns)
        if self.total is not None and behind >= self.total:
            return self.total - slot
        return behind - slot if now_ns > self.due(slot + 1) else 0
