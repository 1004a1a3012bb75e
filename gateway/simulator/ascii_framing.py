"""Modbus ASCII: colon, address, PDU and LRC as upper-case hexadecimal, CR LF (Modbus over Serial Line V1.02, 2.5.2)."""

from __future__ import annotations

import re

from gateway.simulator.framing import Request

_LONGEST = 513
_IDLE_S = 1.0
_BODY = re.compile(rb"(?:[0-9A-F]{2}){3,}")


def lrc(data: bytes) -> int:
    """Two's complement of the sum of the bytes, modulo 256."""
    return -sum(data) & 0xFF


class AsciiFraming:
    """Cuts requests between a colon and CR LF; a second colon begins anew."""

    idle_s: float | None = _IDLE_S

    def __init__(self) -> None:
        self._line: bytearray | None = None

    @property
    def pending(self) -> bool:
        """See `Framing`."""
        return self._line is not None

    def feed(self, data: bytes) -> list[Request]:
        """See `Framing`."""
        requests = []
        for byte in data:
            if byte == ord(":"):
                self._line = bytearray()
            elif self._line is not None:
                self._line.append(byte)
                if byte == ord("\n"):
                    requests += _request(bytes(self._line))
                    self._line = None
                elif len(self._line) > _LONGEST:
                    self._line = None
        return requests

    def idle(self) -> list[Request]:
        """See `Framing`."""
        self._line = None
        return []

    def encode(self, request: Request, pdu: bytes) -> bytes:
        """See `Framing`."""
        body = bytes([request.unit]) + pdu
        return b":" + (body + bytes([lrc(body)])).hex().upper().encode() + b"\r\n"


def _request(line: bytes) -> list[Request]:
    """The request in the characters after a colon, or nothing when they are damaged."""
    if not line.endswith(b"\r\n") or not _BODY.fullmatch(line, 0, len(line) - 2):
        return []
    body = bytes.fromhex(line[:-2].decode())
    return [] if sum(body) & 0xFF else [Request(body[0], body[1:-1])]
