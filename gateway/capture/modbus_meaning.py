"""What a captured Modbus exchange says: function, range, values, or why there are none."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import StrEnum

from gateway.capture.exchanges import CapturedExchange, ExchangeEnd
from gateway.model.readings import ProtocolKind
from gateway.wire.modbus_frames import AnswerFrame, answer_frames, crc16

EXCEPTION_BIT = 0x80
_BROADCAST = 0
_WINDOW = 1024
_BYTES_SHOWN = 24
_SHORTEST_RTU = 4
_CHECKS = {ProtocolKind.MODBUS_RTU: "CRC", ProtocolKind.MODBUS_ASCII: "LRC", ProtocolKind.MODBUS_TCP: "header"}
_BIT_READS = (1, 2)
_REGISTER_READS = (3, 4)
_SINGLE_WRITES = (5, 6)
LOOPBACK = 8
_MULTIPLE_WRITES = (15, 16)
_TWO_NUMBERS = (*_BIT_READS, *_REGISTER_READS, *_SINGLE_WRITES, *_MULTIPLE_WRITES)


class Outcome(StrEnum):
    """What became of a request."""

    ANSWERED = "answered"
    EXCEPTION = "exception"
    DAMAGED = "damaged"
    FOREIGN = "foreign"
    SILENT = "no answer"
    UNASKED = "unasked"
    BROADCAST = "broadcast"
    UNKNOWN = "unknown"


BAD = frozenset({Outcome.EXCEPTION, Outcome.DAMAGED, Outcome.FOREIGN, Outcome.SILENT, Outcome.UNASKED})
"""Outcomes that are no success. An exchange cut by the end of the capture is not known to be one."""


@dataclass(frozen=True, slots=True)
class ModbusMeaning:
    """What one exchange says.

    Attributes:
        outcome: What became of the request.
        unit: Modbus address, None when the request cannot be read.
        function: Function code, None when the request cannot be read.
        address: First address of the protocol data unit, None where the function has none.
        count: Registers or bits, None where the function has none.
        answer_ms: From the request to the last byte of its answer, None without one.
        values: Registers as 16-bit unsigned integers, or bits as 0 and 1.
        exception: Exception code.
        problem: What is wrong, for people; empty when nothing is.
    """

    outcome: Outcome
    unit: int | None = None
    function: int | None = None
    address: int | None = None
    count: int | None = None
    answer_ms: float | None = None
    values: tuple[int, ...] = ()
    exception: int | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ModbusRequest:
    """One undamaged request.

    Attributes:
        unit: Modbus address.
        data: Protocol data unit: function code and data.
        transaction: Its number in the header of Modbus TCP; empty elsewhere.
    """

    unit: int
    data: bytes
    transaction: bytes = b""


def read_request(protocol: ProtocolKind, raw: bytes) -> ModbusRequest | None:
    """Read a request as it went over the wire; None if it is damaged."""
    if protocol is ProtocolKind.MODBUS_RTU:
        # The CRC over a message and its own CRC, low byte first, is zero.
        return ModbusRequest(raw[0], raw[1:-2]) if len(raw) >= _SHORTEST_RTU and not crc16(raw) else None
    frames, rest = answer_frames(protocol, raw)  # in ASCII and TCP a request is framed like an answer
    if len(frames) != 1 or rest:
        return None
    transaction = raw[:2] if protocol is ProtocolKind.MODBUS_TCP else b""
    return ModbusRequest(frames[0].unit, frames[0].data, transaction)


def find_answer(protocol: ProtocolKind, request: ModbusRequest, raw: bytes) -> tuple[AnswerFrame, int] | None:
    """The first undamaged answer to a request among the bytes that came, and the place of its end."""
    start = 0
    while start < len(raw):
        frames, _ = answer_frames(protocol, raw[start : start + _WINDOW])
        for frame in frames:
            if is_answer(request, frame) and raw.startswith(request.transaction, start):
                return frame, start + frame.length
            start += frame.length
        start += not frames
    return None


def is_answer(request: ModbusRequest, frame: AnswerFrame) -> bool:
    """Whether a frame fits a request, as a normal answer or as an exception; the number of Modbus TCP aside."""
    if frame.unit != request.unit:
        return False
    return frame.data[0] == request.data[0] | EXCEPTION_BIT or answer_values(request, frame.data) is not None


def meaning(protocol: ProtocolKind, exchange: CapturedExchange) -> ModbusMeaning:
    """What an exchange says."""
    raw = exchange.answer
    if exchange.cut_in:
        return ModbusMeaning(Outcome.UNKNOWN, problem=f"the request is not in the capture: {_shown(raw)}")
    if not exchange.request:
        return ModbusMeaning(Outcome.UNASKED, problem=f"nobody asked for {_shown(raw)}")
    request = read_request(protocol, exchange.request)
    if request is None:
        return ModbusMeaning(Outcome.UNKNOWN, problem=f"the request cannot be read: {_shown(exchange.request)}")
    function = request.data[0]
    address, count = _range(request.data)
    if request.unit == _BROADCAST and not raw:
        return ModbusMeaning(Outcome.BROADCAST, request.unit, function, address, count)
    found = find_answer(protocol, request, raw)
    if found is None:
        outcome, problem = _without_answer(protocol, exchange)
        return ModbusMeaning(outcome, request.unit, function, address, count, problem=problem)
    frame, end = found
    answer_ms = _arrival_us(exchange, end) / 1000
    if frame.data[0] & EXCEPTION_BIT:
        code = frame.data[1] if len(frame.data) > 1 else 0
        return ModbusMeaning(Outcome.EXCEPTION, request.unit, function, address, count, answer_ms, exception=code)
    values = answer_values(request, frame.data) or ()
    return ModbusMeaning(Outcome.ANSWERED, request.unit, function, address, count, answer_ms, values)


def _without_answer(protocol: ProtocolKind, exchange: CapturedExchange) -> tuple[Outcome, str]:
    raw = exchange.answer
    if exchange.end in (ExchangeEnd.END_OF_CAPTURE, ExchangeEnd.LOST):
        return Outcome.UNKNOWN, f"the answer is not in the capture ({exchange.end})"
    if not raw:
        return Outcome.SILENT, ""
    _, rest = answer_frames(protocol, raw)
    if rest:
        return Outcome.DAMAGED, f"no frame with a valid {_CHECKS[protocol]} in {_shown(raw)}"
    return Outcome.FOREIGN, f"the answer to something else: {_shown(raw)}"


def _shown(raw: bytes) -> str:
    more = "..." if len(raw) > _BYTES_SHOWN else ""
    return f"{len(raw)} bytes {raw[:_BYTES_SHOWN].hex()}{more}"


def _arrival_us(exchange: CapturedExchange, end: int) -> int:
    """When the byte before `end` arrived, in microseconds after the request."""
    seen = 0
    for after_us, data in exchange.pieces:
        seen += len(data)
        if seen >= end:
            return after_us
    raise AssertionError("an answer ends where no byte is")


def _range(data: bytes) -> tuple[int | None, int | None]:
    function = data[0]
    if function not in _TWO_NUMBERS or len(data) < 5:
        return None, None
    address, number = struct.unpack_from(">HH", data, 1)
    return address, 1 if function in _SINGLE_WRITES else number


def answer_values(request: ModbusRequest, data: bytes) -> tuple[int, ...] | None:
    """Values in the protocol data unit of an answer; None if it cannot be the answer to this request."""
    function, asked, body = request.data[0], request.data[1:], data[1:]
    if data[0] != function:
        return None
    _, count = _range(request.data)
    if function in (*_BIT_READS, *_REGISTER_READS) and count is not None:
        size = (count + 7) // 8 if function in _BIT_READS else 2 * count
        if len(body) != 1 + size or body[0] != size:
            return None
        if function in _BIT_READS:
            return tuple(body[1 + index // 8] >> index % 8 & 1 for index in range(count))
        return struct.unpack_from(f">{count}H", body, 1)
    if function in (*_SINGLE_WRITES, *_MULTIPLE_WRITES, LOOPBACK):
        return struct.unpack_from(">H", body, 2) if len(body) >= 4 and body == asked[: len(body)] else None
    return tuple(body)
