"""Checksum of the continuous frame: a plain sum, as four upper-case hexadecimal digits.

It covers every byte after the start space up to and including the semicolon in front of it, modulo 65536. A plain sum
cannot see bytes that changed places, which is why the frame's grammar is enforced as well.
"""

from __future__ import annotations

import re

_FIELD = re.compile(rb"[0-9A-F]{4}")


def checksum(covered: bytes) -> int:
    """Sum of the covered bytes modulo 65536."""
    return sum(covered) & 0xFFFF


def parse_checksum(field: bytes) -> int | None:
    """The number in a checksum field, or None when it is not four upper-case hexadecimal digits."""
    return int(field, 16) if _FIELD.fullmatch(field) else None


def checksum_holds(line: bytes) -> bool:
    """Whether a line without its terminator carries the checksum of its own bytes, whatever else it says."""
    return line.endswith(b";") and parse_checksum(line[-5:-1]) == checksum(line[1:-5])
