"""How long a wire is busy: bytes, idle gaps and turnarounds, in seconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.model.readings import ProtocolKind

_MODBUS = frozenset({ProtocolKind.MODBUS_RTU, ProtocolKind.MODBUS_ASCII, ProtocolKind.MODBUS_TCP})


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


def modbus_read(protocol: ProtocolKind, data_bytes: int) -> WireExchange:
    """Bytes of one read, request and answer.

    An RTU message is address, protocol data unit and two bytes of CRC. ASCII writes it as a colon, two digits per
    byte with one byte of LRC for the CRC, CR and LF. Modbus TCP puts six bytes of header in front and has no CRC.
    (Modbus over Serial Line V1.02, 2.5; Modbus Messaging on TCP/IP V1.0b, 3.1.3.)

    Args:
        protocol: Framing on the wire.
        data_bytes: Bytes of data in the answer.

    Raises:
        ValueError: The protocol is not a Modbus one.
    """
    if protocol not in _MODBUS:
        raise ValueError(f"{protocol} has no Modbus transactions")
    return WireExchange(_framed(8, protocol), _framed(5 + data_bytes, protocol))


def _framed(rtu_bytes: int, protocol: ProtocolKind) -> int:
    if protocol is ProtocolKind.MODBUS_ASCII:
        return 2 * rtu_bytes + 1
    return rtu_bytes + 4 if protocol is ProtocolKind.MODBUS_TCP else rtu_bytes


def byte_seconds(baudrate: int, bytesize: int = 8, parity: str = "none", stopbits: float = 1) -> float:
    """Seconds per byte of an asynchronous serial line: start bit, data bits, parity bit, stop bits."""
    return (1 + bytesize + (parity != "none") + stopbits) / baudrate
