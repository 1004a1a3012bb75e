"""Encoded notifications on their way into a message."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Piece:
    """Some MonitoredItemNotifications, one after the other.

    Attributes:
        data: Their bytes.
        count: How many.
        size: Bytes of each; 0 when they differ, then there is only one.
    """

    data: bytes
    count: int
    size: int = 0

    def split(self, count: int) -> tuple[Piece, Piece]:
        """The first `count` and the rest; 0 < count < self.count."""
        at = count * self.size
        return Piece(self.data[:at], count, self.size), Piece(self.data[at:], self.count - count, self.size)
