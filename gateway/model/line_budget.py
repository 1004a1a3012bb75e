"""A bound on how fast others can make us write."""

from __future__ import annotations

from gateway.model.stamp import Clock


class LineBudget:
    """So many lines at once, and so many per second in the long run.

    Args:
        burst: Lines that may come at once after a quiet time.
        per_s: Lines per second that may go on for ever.
        clock: Time.
    """

    def __init__(self, burst: int, per_s: float, clock: Clock) -> None:
        self._burst = burst
        self._per_s = per_s
        self._clock = clock
        self._left = float(burst)
        self._counted_ns = clock.monotonic_ns()

    def take(self) -> bool:
        """Take one line; False if there is none left."""
        now_ns = self._clock.monotonic_ns()
        self._left = min(self._burst, self._left + (now_ns - self._counted_ns) / 1e9 * self._per_s)
        self._counted_ns = now_ns
        if self._left < 1:
            return False
        self._left -= 1
        return True
