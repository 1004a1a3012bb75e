"""Events of one DBR type as rows of a numpy array: those whose value is one number of a fixed size."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.adapters.epics_ca.encoding import (
    ELEMENT_SIZE,
    LARGEST_FLOAT,
    LAYOUT,
    RANGE,
    Condition,
    Display,
    Metadata,
    Native,
    head,
)

Numbers = NDArray[np.float64]

HEADER_SIZE = 16
"""Bytes of a message before its body."""

_FORMAT = {
    Native.INT: ">i2",
    Native.FLOAT: ">f4",
    Native.ENUM: ">u2",
    Native.CHAR: "u1",
    Native.LONG: ">i4",
    Native.DOUBLE: ">f8",
}


@dataclass(frozen=True, slots=True)
class RowForm:
    """What the rows of one DBR type look like.

    Attributes:
        dbr_type: Its number.
        native: Type of the value.
        has_alarm: Whether a row carries status and severity.
        has_time: Whether it carries a time stamp.
        row: numpy's type of a whole message: header, metadata, value, filled up to eight bytes.
    """

    dbr_type: int
    native: Native
    has_alarm: bool
    has_time: bool
    row: np.dtype[Any]

    def views(self, octets: memoryview) -> tuple[memoryview[float] | None, memoryview[int] | None]:
        """Values and nanoseconds of rows, to be set without numpy, in the order of bytes of the wire.

        Args:
            octets: The rows.

        Returns:
            Values, where they are doubles, and nanoseconds, where there are some.
        """
        size, fields = self.row.itemsize, dict(self.row.fields or {})
        doubles = octets.cast("d")[fields["value"][1] // 8 :: size // 8] if self.native is Native.DOUBLE else None
        nanoseconds = octets.cast("I")[fields["nanoseconds"][1] // 4 :: size // 4] if self.has_time else None
        return doubles, nanoseconds

    def converted(self, numbers: Numbers) -> Numbers:
        """Numbers that the type can hold, by the rules of `encode_number`; same shape."""
        if self.native is Native.DOUBLE:
            return numbers
        if self.native is Native.FLOAT:
            return np.where(np.isinf(numbers), numbers, np.clip(numbers, -LARGEST_FLOAT, LARGEST_FLOAT))
        low, high = RANGE[self.native]
        whole: Numbers = np.trunc(np.nan_to_num(numbers, nan=0.0).clip(low, high))
        return whole


@cache
def row_form(dbr_type: int) -> RowForm | None:
    """Form of the rows of a DBR type; None for texts, for types with fixed metadata, and for unknown ones."""
    metadata, native = LAYOUT.get(dbr_type, (Metadata.GR, Native.STRING))
    if metadata not in (Metadata.NONE, Metadata.STS, Metadata.TIME) or native not in _FORMAT:
        return None
    place = HEADER_SIZE + len(head(metadata, native, Condition(0, 0, 0, 0), Display()))
    names, formats, offsets = ["value"], [_FORMAT[native]], [place]
    if metadata is not Metadata.NONE:
        names += ["status", "severity"]
        formats += [">i2", ">i2"]
        offsets += [HEADER_SIZE, HEADER_SIZE + 2]
    if metadata is Metadata.TIME:
        names += ["seconds", "nanoseconds"]
        formats += [">u4", ">u4"]
        offsets += [HEADER_SIZE + 4, HEADER_SIZE + 8]
    size = place + ELEMENT_SIZE[native]
    row: np.dtype[Any] = np.dtype(
        {"names": names, "formats": formats, "offsets": offsets, "itemsize": size + -size % 8}
    )
    return RowForm(dbr_type, native, metadata is not Metadata.NONE, metadata is Metadata.TIME, row)
