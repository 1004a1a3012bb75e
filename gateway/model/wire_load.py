"""How much of its time a wire is occupied."""

from __future__ import annotations

from collections import deque

from gateway.model.stamp import Clock

WINDOW_S = 60
_SLICES = 12
_SLICE_NS = WINDOW_S * 1_000_000_000 // _SLICES


class WireLoad:
    """Share of the last minute, or of the time since the start while that is shorter, in which the wire was occupied.

    Occupied is a wire by requests, answers, waits for answers, and the silences owed between them.

    Args:
        clock: Time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._started_ns = clock.monotonic_ns()
        self._slices: deque[list[int]] = deque()  # [number of the slice, nanoseconds occupied in it]

    def add(self, busy_ns: int) -> None:
        """Count time that has just passed as occupied."""
        number = self._clock.monotonic_ns() // _SLICE_NS
        if not self._slices or self._slices[-1][0] != number:
            self._slices.append([number, 0])
        self._slices[-1][1] += busy_ns

    @property
    def share(self) -> float:
        """0 to 1."""
        now_ns = self._clock.monotonic_ns()
        oldest = now_ns // _SLICE_NS - _SLICES
        while self._slices and self._slices[0][0] <= oldest:
            self._slices.popleft()
        watched_ns = min(now_ns - self._started_ns, now_ns - (oldest + 1) * _SLICE_NS)
        busy_ns = sum(busy for _, busy in self._slices)
        return min(1.0, busy_ns / watched_ns) if watched_ns > 0 else 0.0

    @property
    def percent(self) -> float:
        """0 to 100."""
        return 100 * self.share
