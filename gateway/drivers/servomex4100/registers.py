"""Input registers as numbers and bytes."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence


def register_bytes(registers: Sequence[int]) -> bytes:
    """The registers as they travelled, high byte first.

    Raises:
        struct.error: A register is not an integer from 0 to 65535.
    """
    return struct.pack(f">{len(registers)}H", *registers)


def decimal_of_single(raw: bytes) -> float | None:
    """The number in a big-endian IEEE 754 single, None when it is not finite.

    A single widened to a double shows digits that were never measured: 20.376 would read 20.37599945. The result is
    the decimal with the fewest digits, from six to nine, that becomes the same single again. Nothing is lost, and a
    value of up to six digits is the same number on Modbus as in a continuous frame.
    """
    (number,) = struct.unpack(">f", raw)
    if not math.isfinite(number):
        return None
    for digits in (6, 7, 8):
        decimal = float(f"{number:.{digits}g}")
        if struct.pack(">f", decimal) == raw:
            return decimal
    return float(f"{number:.9g}")
