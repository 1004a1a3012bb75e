"""Pieces of the protocol data units of a Modbus server: what a request says, and why it is refused.

Modbus Application Protocol V1.1b3, sections 6 and 7.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum

MOST_BITS_READ = 2000
MOST_REGISTERS_READ = 125
MOST_COILS_WRITTEN = 1968
MOST_REGISTERS_WRITTEN = 123
COIL_ON, COIL_OFF = 0xFF00, 0x0000
ADDRESS_AND_NUMBER = 4
"""Bytes."""


class ExceptionCode(IntEnum):
    """Why a request is refused."""

    ILLEGAL_FUNCTION = 1
    ILLEGAL_DATA_ADDRESS = 2
    ILLEGAL_DATA_VALUE = 3


class Refusal(Exception):  # noqa: N818 - an answer of the protocol, not an error of the program
    """Ends a request with an exception code."""

    def __init__(self, code: ExceptionCode) -> None:
        super().__init__(code.name)
        self.code = code


Function = Callable[[bytes], bytes]
"""Takes the data of a request, and returns those of the answer; raises `Refusal`."""


def answered(functions: Mapping[int, Function], request: bytes) -> bytes:
    """Carry out one request and return the answer PDU, or an exception.

    Args:
        functions: By function code; any other one is refused.
        request: Function code and data, at least one byte.
    """
    code = request[0]
    if code not in functions:
        return bytes([code | 0x80, ExceptionCode.ILLEGAL_FUNCTION])
    try:
        return bytes([code]) + functions[code](request[1:])
    except Refusal as refusal:
        return bytes([code | 0x80, refusal.code])


def require(holds: bool, code: ExceptionCode = ExceptionCode.ILLEGAL_DATA_ADDRESS) -> None:  # noqa: FBT001
    """Refuse unless something holds.

    Raises:
        Refusal: It does not.
    """
    if not holds:
        raise Refusal(code)


def address_and_count(data: bytes, most: int) -> tuple[int, int]:
    """First address, and how many.

    Raises:
        Refusal: The data are of another size, or ask for none or too many.
    """
    require(len(data) == ADDRESS_AND_NUMBER, ExceptionCode.ILLEGAL_DATA_VALUE)
    address, count = struct.unpack(">HH", data)
    require(1 <= count <= most, ExceptionCode.ILLEGAL_DATA_VALUE)
    return address, count


def coil_write(data: bytes) -> tuple[int, bool]:
    """Address and state of a single coil.

    Raises:
        Refusal: It is neither on nor off.
    """
    require(len(data) == ADDRESS_AND_NUMBER, ExceptionCode.ILLEGAL_DATA_VALUE)
    address, value = struct.unpack(">HH", data)
    require(value in (COIL_ON, COIL_OFF), ExceptionCode.ILLEGAL_DATA_VALUE)
    return address, value == COIL_ON


def written(data: bytes, most: int, *, bits: bool) -> tuple[int, bytes]:
    """First address, and what is to be written from there on, of function codes 15 and 16.

    Raises:
        Refusal: Sizes do not fit.
    """
    address, count = address_and_count(data[:ADDRESS_AND_NUMBER], most)
    size = (count + 7) // 8 if bits else 2 * count
    content = data[ADDRESS_AND_NUMBER + 1 :]
    announced = data[ADDRESS_AND_NUMBER : ADDRESS_AND_NUMBER + 1]
    require(announced == bytes([size]) and len(content) == size, ExceptionCode.ILLEGAL_DATA_VALUE)
    return address, content


def unpacked(content: bytes, count: int) -> list[bool]:
    """Bits, the first one being the lowest of the first byte."""
    return [bool(content[index // 8] >> index % 8 & 1) for index in range(count)]


def packed(bits: Sequence[bool]) -> bytes:
    """Byte count, then the bits, the first one in the lowest bit of the first byte."""
    content = bytearray((len(bits) + 7) // 8)
    for index, bit in enumerate(bits):
        content[index // 8] |= bit << index % 8
    return bytes([len(content)]) + content
