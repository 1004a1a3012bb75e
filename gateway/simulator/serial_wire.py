"""Timing of one half-duplex serial line: when bytes occupy it, and when a receiver sees them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator

from gateway.model.stamp import Clock

UART_PIECE = 16
"""Bytes that the usual UART collects before it wakes its driver: the depth of the 16550's receive buffer."""


class SerialWire:
    """Bookkeeping of the line, in monotonic nanoseconds.

    Args:
        byte_s: Seconds per byte, 0 for a line that takes no time.
        piece: Bytes that arrive together; None when everything arrives with the last byte.
    """

    def __init__(self, byte_s: float, piece: int | None = UART_PIECE) -> None:
        self._byte_s = byte_s
        self._piece = piece
        self._free_ns: int | None = None

    def silence_s(self, now_ns: int) -> float:
        """Seconds since the last byte; infinite on a line that has not carried any."""
        return float("inf") if self._free_ns is None else max(0.0, (now_ns - self._free_ns) / 1e9)

    def occupy(self, now_ns: int, size: int) -> int:
        """Let `size` bytes follow whatever is on the line; return when the last one has passed."""
        self._free_ns = self._not_before(now_ns) + self._duration_ns(size)
        return self._free_ns

    def arrivals(self, begin_ns: int, data: bytes) -> Iterator[tuple[int, bytes]]:
        """When each piece of `data` has been received, if its first bit leaves at `begin_ns`."""
        step = self._piece if self._piece and self._byte_s else max(1, len(data))
        for start in range(0, len(data), step):
            piece = data[start : start + step]
            yield begin_ns + self._duration_ns(start + len(piece)), piece

    async def transmit(
        self, data: bytes, begin_ns: int, clock: Clock, deliver: Callable[[bytes], Awaitable[None]]
    ) -> None:
        """Deliver `data` piece by piece at the times at which a receiver would see it."""
        for arrival_ns, piece in self.arrivals(begin_ns, data):
            await clock.sleep_until(arrival_ns)
            # Noted before the receiver can see it, so that a receiver that keeps its silence is never found too early.
            self._free_ns = self._not_before(max(arrival_ns, clock.monotonic_ns()))
            await deliver(piece)

    def _not_before(self, now_ns: int) -> int:
        return now_ns if self._free_ns is None else max(now_ns, self._free_ns)

    def _duration_ns(self, size: int) -> int:
        return round(size * self._byte_s * 1e9)
