"""Whole Modbus frames in the bytes of an answer: where they end, and whether their check holds.

Modbus over serial line V1.02, sections 2.5.1 (RTU, CRC-16) and 2.5.2 (ASCII, LRC); Modbus messaging on TCP/IP V1.0b,
section 3.1.3 (MBAP header).
"""

from __future__ import annotations

from binascii import unhexlify
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.model.readings import ProtocolKind

_RTU_CHECK = 2
_SHORTEST_RTU = 4
_MBAP = 7
_LONGEST_TCP_DATA = 254
_FIXED_RTU = {5: 8, 6: 8, 8: 8, 15: 8, 16: 8}
_COUNTED = (1, 2, 3, 4)
_EXCEPTION = 0x80
_RTU_EXCEPTION = 5


@dataclass(frozen=True, slots=True)
class AnswerFrame:
    """One undamaged answer.

    Attributes:
        unit: Address it carries.
        data: Protocol data unit: function code and data.
        length: Bytes it occupied on the wire.
    """

    unit: int
    data: bytes
    length: int


def _crc_of_byte(crc: int) -> int:
    for _ in range(8):
        crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc


_CRC_OF_BYTE = tuple(map(_crc_of_byte, range(256)))


def crc16(data: bytes) -> int:
    """CRC-16 of RTU frames: polynomial 0xA001, start value 0xFFFF; sent low byte first."""
    crc = 0xFFFF
    for byte in data:
        crc = crc >> 8 ^ _CRC_OF_BYTE[(crc ^ byte) & 0xFF]
    return crc


def answer_frames(protocol: ProtocolKind, data: bytes) -> tuple[list[AnswerFrame], bytes]:
    """Whole answers at the beginning of `data`, and what is left: nothing, half a frame, or damage."""
    frames: list[AnswerFrame] = []
    take = {ProtocolKind.MODBUS_RTU: _take_rtu, ProtocolKind.MODBUS_ASCII: _take_ascii}.get(protocol, _take_tcp)
    while (frame := take(data)) is not None:
        frames.append(frame)
        data = data[frame.length :]
    return frames, data


def _take_rtu(data: bytes) -> AnswerFrame | None:
    for length in _rtu_lengths(data):
        body, check = data[: length - _RTU_CHECK], data[length - _RTU_CHECK : length]
        if len(check) == _RTU_CHECK and crc16(body) == int.from_bytes(check, "little"):
            return AnswerFrame(body[0], body[1:], length)
    return None


def _rtu_lengths(data: bytes) -> Iterator[int]:
    """Lengths that an answer with this beginning may have."""
    if len(data) < _SHORTEST_RTU:
        return
    function = data[1]
    if function & _EXCEPTION:
        yield _RTU_EXCEPTION
    elif function in _COUNTED:
        yield data[2] + 5
    elif function in _FIXED_RTU:
        yield _FIXED_RTU[function]
    else:
        yield len(data)


def _take_ascii(data: bytes) -> AnswerFrame | None:
    line, end, _ = data.partition(b"\r\n")
    if not end or not line.startswith(b":"):
        return None
    try:
        body = unhexlify(line[1:])
    except ValueError:
        return None
    if len(body) <= _RTU_CHECK or sum(body) & 0xFF:
        return None
    return AnswerFrame(body[0], body[1:-1], len(line) + len(end))


def _take_tcp(data: bytes) -> AnswerFrame | None:
    if len(data) <= _MBAP or data[2:4] != b"\0\0":
        return None
    count = int.from_bytes(data[4:6], "big")
    end = _MBAP - 1 + count
    if not 2 <= count <= _LONGEST_TCP_DATA or len(data) < end:
        return None
    return AnswerFrame(data[6], data[_MBAP:end], end)
