"""Modbus/TCP: transaction, protocol 0, length and unit before the PDU (Modbus Messaging on TCP/IP V1.0b, 3.1.3)."""

from __future__ import annotations

import struct

from gateway.simulator.framing import DesynchronisedError, Request

_HEADER = struct.Struct(">HHHB")
_SHORTEST_LENGTH, _LONGEST_LENGTH = 2, 254


class MbapFraming:
    """Cuts requests by the length in their header. TCP loses nothing, so an impossible header means a wrong peer."""

    idle_s: float | None = None

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def pending(self) -> bool:
        """See `Framing`."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> list[Request]:
        """See `Framing`."""
        self._buffer += data
        requests = []
        while len(self._buffer) >= _HEADER.size:
            transaction, protocol, length, unit = _HEADER.unpack_from(self._buffer)
            if protocol != 0 or not _SHORTEST_LENGTH <= length <= _LONGEST_LENGTH:
                self._buffer.clear()
                raise DesynchronisedError(f"protocol {protocol}, length {length}")
            end = _HEADER.size - 1 + length
            if len(self._buffer) < end:
                break
            requests.append(Request(unit, bytes(self._buffer[_HEADER.size : end]), transaction))
            del self._buffer[:end]
        return requests

    def idle(self) -> list[Request]:
        """See `Framing`."""
        return []

    def encode(self, request: Request, pdu: bytes) -> bytes:
        """See `Framing`."""
        return _HEADER.pack(request.transaction, 0, len(pdu) + 1, request.unit) + pdu
