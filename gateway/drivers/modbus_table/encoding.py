"""Registers to numbers and texts, and back: types, and the orders in which their bytes travel.

A register travels high byte first (Modbus application protocol V1.1b3, section 4.2). How a value of several registers
is spread over them is left to the vendor, hence the orders.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence

from gateway.drivers.modbus_table.settings import Order, RegisterType
from gateway.model.single import decimal_of_single

INTEGER_BYTES = {
    RegisterType.U16: 2,
    RegisterType.S16: 2,
    RegisterType.U32: 4,
    RegisterType.S32: 4,
    RegisterType.U64: 8,
    RegisterType.S64: 8,
}
SIGNED = frozenset({RegisterType.S16, RegisterType.S32, RegisterType.S64})
BCD_DIGITS = {RegisterType.BCD16: 4, RegisterType.BCD32: 8}
FLOATS = {RegisterType.F32: ">f", RegisterType.F64: ">d"}

_BYTE_SWAPPED = frozenset({Order.BADC, Order.DCBA})
_WORD_SWAPPED = frozenset({Order.CDAB, Order.DCBA})
_PADDING = " \0"


def register_count(kind: RegisterType, length: int) -> int:
    """Registers that a value occupies.

    Args:
        kind: Its type.
        length: Characters, of a string.
    """
    if kind is RegisterType.STRING:
        return (length + 1) // 2
    if kind in INTEGER_BYTES:
        return INTEGER_BYTES[kind] // 2
    return {RegisterType.F32: 2, RegisterType.F64: 4, RegisterType.BCD32: 2}.get(kind, 1)


def ordered_bytes(registers: Sequence[int], order: Order) -> bytes:
    """The bytes of a value, most significant first, from registers as they travelled."""
    words = reversed(registers) if order in _WORD_SWAPPED else registers
    return struct.pack(f"{_endian(order)}{len(registers)}H", *words)


def ordered_registers(data: bytes, order: Order) -> tuple[int, ...]:
    """Registers as they have to travel, from the bytes of a value, most significant first."""
    words: tuple[int, ...] = struct.unpack(f"{_endian(order)}{len(data) // 2}H", data)
    return words[::-1] if order in _WORD_SWAPPED else words


def _endian(order: Order) -> str:
    return "<" if order in _BYTE_SWAPPED else ">"


def decode_number(kind: RegisterType, data: bytes) -> int | float | None:
    """The number in the bytes of a value, most significant first.

    Returns:
        A float for the floating-point types, else an integer. None for NaN, infinity, and digits that are none.
    """
    if kind in INTEGER_BYTES:
        return int.from_bytes(data, "big", signed=kind in SIGNED)
    if kind in BCD_DIGITS:
        digits = data.hex()
        return int(digits) if digits.isdecimal() else None
    if kind is RegisterType.F32:
        return decimal_of_single(data)
    if kind is RegisterType.F64:
        (number,) = struct.unpack(">d", data)
        return number if math.isfinite(number) else None
    return int(any(data))


def decode_text(registers: Sequence[int], length: int, order: Order) -> str:
    """The text in registers, two characters each, cut at the first NUL and without padding.

    Bytes above ASCII are read as Latin-1, so decoding never fails; what cannot be seen becomes a question mark. The
    order moves bytes within a register alone: texts keep the order of their registers.
    """
    data = struct.pack(f"{_endian(order)}{len(registers)}H", *registers)[:length]
    text = data.partition(b"\0")[0].decode("latin-1").strip(_PADDING)
    return "".join(character if character.isprintable() else "?" for character in text)


def encode_number(kind: RegisterType, number: float) -> bytes:
    """The bytes of a value, most significant first.

    Raises:
        ValueError: The type cannot hold the number; the message says what it can.
    """
    if kind in FLOATS:
        try:
            return struct.pack(FLOATS[kind], number)
        except OverflowError as error:
            raise ValueError(f"{number:g} is too large for {kind}") from error
    lowest, highest = integer_range(kind)
    if not lowest <= number <= highest:
        raise ValueError(f"{number:g} does not fit in {kind}, which holds {lowest} to {highest}")
    whole = int(number)
    if kind in BCD_DIGITS:
        return bytes.fromhex(f"{whole:0{BCD_DIGITS[kind]}d}")
    return whole.to_bytes(INTEGER_BYTES.get(kind, 2), "big", signed=kind in SIGNED)


def integer_range(kind: RegisterType) -> tuple[int, int]:
    """Least and largest whole number of a type that is neither a string nor a floating-point number."""
    if kind in BCD_DIGITS:
        return 0, 10 ** BCD_DIGITS[kind] - 1
    if kind not in INTEGER_BYTES:
        return 0, 1
    bits = 8 * INTEGER_BYTES[kind]
    return (-(1 << bits - 1), (1 << bits - 1) - 1) if kind in SIGNED else (0, (1 << bits) - 1)
