"""Input registers as bytes."""

from __future__ import annotations

import struct
from collections.abc import Sequence


def register_bytes(registers: Sequence[int]) -> bytes:
    """The registers as they travelled, high byte first.

    Raises:
        struct.error: A register is not an integer from 0 to 65535.
    """
    return struct.pack(f">{len(registers)}H", *registers)
