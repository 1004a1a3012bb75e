"""IEEE 754 singles as people read them."""

from __future__ import annotations

import math
import struct

_LARGEST = 3.4028235e38
"""From here on `struct` refuses to make a single, and few digits may round up to there."""


def decimal_of_single(raw: bytes) -> float | None:
    """The number in a big-endian IEEE 754 single, None when it is not finite.

    A single widened to a double shows digits that were never measured: 20.376 would read 20.37599945. The result is
    the decimal with the fewest digits, from six to nine, that becomes the same single again. Nothing is lost, and a
    value of up to six digits is the same number on Modbus as in a text.
    """
    (number,) = struct.unpack(">f", raw)
    if not math.isfinite(number):
        return None
    for digits in (6, 7, 8):
        decimal = float(f"{number:.{digits}g}")
        if abs(decimal) < _LARGEST and struct.pack(">f", decimal) == raw:
            return decimal
    return float(f"{number:.9g}")
