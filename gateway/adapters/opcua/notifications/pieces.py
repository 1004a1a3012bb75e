"""Encoded notifications on their way into a message."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from asyncua.ua.status_codes import StatusCodes

from gateway.adapters.opcua.engine.service_messages import bad_data_value

_HANDLE = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class Piece:
    """Some MonitoredItemNotifications, one after the other.

    Attributes:
        data: Their bytes.
        count: How many.
        size: Bytes of each; 0 when they differ, then there is only one.
        handle: Client handle of the only one, as it stands before `data`; empty where `data` has it. So the data, which
            may be an array, is the same object for all subscribers.
    """

    data: bytes
    count: int
    size: int = 0
    handle: bytes = b""

    @property
    def length(self) -> int:
        """Bytes of all."""
        return len(self.handle) + len(self.data)

    def without_value(self) -> Piece:
        """The only one with BadResponseTooLarge for its value, for a client that takes no message with all of it."""
        handle = self.handle or self.data[: _HANDLE.size]
        return Piece(bad_data_value(StatusCodes.BadResponseTooLarge, 0, 0), 1, handle=handle)

    def fitting(self, space: int) -> int:
        """How many of them fit into so many bytes."""
        if self.length <= space:
            return self.count
        return max(0, space) // self.size if self.size else 0

    def split(self, count: int) -> tuple[Piece, Piece]:
        """The first `count` and the rest; 0 < count < self.count."""
        at = count * self.size
        return Piece(self.data[:at], count, self.size), Piece(self.data[at:], self.count - count, self.size)
