"""Modbus RTU: address, PDU, CRC-16 with its low byte first (Modbus over Serial Line V1.02, section 2.5.1)."""

from __future__ import annotations

from gateway.simulator.framing import Request

_LONGEST = 256
_SHORTEST = 4
_FIXED = 8
_FIXED_CODES = frozenset({1, 2, 3, 4, 5, 6, 8})
_COUNTED_CODES = frozenset({15, 16})
_COUNT_AT = 6
_IDLE_S = 0.02


def _crc_row(value: int) -> int:
    for _ in range(8):
        value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value


_CRC_TABLE = tuple(_crc_row(value) for value in range(256))


def crc16(data: bytes | bytearray) -> int:
    """CRC-16 with the reflected polynomial 0xA001 and all ones to begin with."""
    crc = 0xFFFF
    for byte in data:
        crc = crc >> 8 ^ _CRC_TABLE[(crc ^ byte) & 0xFF]
    return crc


class RtuFraming:
    """Cuts requests by the length their function code implies, and by silence where it implies none.

    A standard slave cuts by silence alone. A pseudo-terminal or a socket keeps no such timing, so the known lengths go
    first and the CRC decides; an operating system's scheduling can then neither join nor tear requests.
    """

    idle_s: float | None = _IDLE_S

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def pending(self) -> bool:
        """See `Framing`."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> list[Request]:
        """See `Framing`."""
        requests = []
        for start in range(0, len(data), _LONGEST):
            self._buffer += data[start : start + _LONGEST]
            requests += self._take(at_end=False)
            del self._buffer[:-_LONGEST]
        return requests

    def idle(self) -> list[Request]:
        """See `Framing`."""
        requests = self._take(at_end=True)
        self._buffer.clear()
        return requests

    def encode(self, request: Request, pdu: bytes) -> bytes:
        """See `Framing`."""
        body = bytes([request.unit]) + pdu
        return body + crc16(body).to_bytes(2, "little")

    def _take(self, *, at_end: bool) -> list[Request]:
        requests: list[Request] = []
        offset = 0
        while len(self._buffer) - offset >= _SHORTEST:
            size = self._size_at(offset)
            if at_end and (size is None or not self._intact(offset, size)):
                size = len(self._buffer) - offset
            if size is not None and size > len(self._buffer) - offset:
                return requests
            if size is not None and self._intact(offset, size):
                requests.append(Request(self._buffer[offset], bytes(self._buffer[offset + 1 : offset + size - 2])))
                del self._buffer[: offset + size]
                offset = 0
            else:
                offset += 1
        return requests

    def _size_at(self, offset: int) -> int | None:
        """Bytes of the request that would begin here, None when its function code does not tell."""
        function = self._buffer[offset + 1]
        if function in _FIXED_CODES:
            return _FIXED
        if function in _COUNTED_CODES:
            count_at = offset + _COUNT_AT
            counted = self._buffer[count_at] if count_at < len(self._buffer) else 0
            size = _COUNT_AT + 1 + counted + 2
            return size if size <= _LONGEST else None
        return None

    def _intact(self, offset: int, size: int) -> bool:
        # The CRC over a message and its own CRC, low byte first, is zero.
        return size <= len(self._buffer) - offset and crc16(self._buffer[offset : offset + size]) == 0
