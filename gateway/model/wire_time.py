"""How long a wire is busy: bytes, idle gaps and turnarounds, in seconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WireExchange:
    """Sizes of one request and its answer on the wire, in bytes; a broadcast frame has no request."""

    request: int
    answer: int


@dataclass(frozen=True, slots=True)
class LineTiming:
    """What a byte and a transaction cost on one wire.

    Attributes:
        byte_s: Seconds per byte, 0 on a network.
        idle_gap_s: Silence owed before each request.
        turnaround_s: Time the analyser takes from the last request byte to the first answer byte.
    """

    byte_s: float
    idle_gap_s: float
    turnaround_s: float

    def sweep_s(self, exchanges: Sequence[WireExchange]) -> float:
        """Seconds that one sweep keeps the wire busy when nothing goes wrong."""
        total = sum(exchange.request + exchange.answer for exchange in exchanges) * self.byte_s
        asked = sum(1 for exchange in exchanges if exchange.request)
        return total + asked * (self.idle_gap_s + self.turnaround_s)


def byte_seconds(baudrate: int, bytesize: int = 8, parity: str = "none", stopbits: float = 1) -> float:
    """Seconds per byte of an asynchronous serial line: start bit, data bits, parity bit, stop bits."""
    return (1 + bytesize + (parity != "none") + stopbits) / baudrate
