"""All points of one group at one instant as arrays, made once for all subscribers that pack whole ticks."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.model.points import PointSpec, ValueKind
from gateway.model.value import Value

NULL = 1 << 32
"""Bit of `Tick.codes` for a point without a value; the lower 32 bits are the StatusCode."""

Bits = NDArray[np.uint64]
Codes = NDArray[np.uint64]
Instants = NDArray[np.int64]


class Tick:
    """Never changed once made.

    Attributes:
        bits: Eight bytes of each value: a double, a signed integer, 0 or 1; 0 for none, text and arrays. Shape (n,).
        codes: StatusCode of each point, and `NULL`. Shape (n,).
        source: SourceTimestamp of each point in 100 ns since 1601. Shape (n,).
        server: ServerTimestamp of each point, likewise. Shape (n,).
        is_plain: Whether every point has a value and is Good.
    """

    __slots__ = ("_differences", "bits", "codes", "is_plain", "server", "source")

    def __init__(self, bits: Bits, codes: Codes, source: Instants, server: Instants, *, is_plain: bool) -> None:
        self.bits = bits
        self.codes = codes
        self.source = source
        self.server = server
        self.is_plain = is_plain
        self._differences: tuple[Tick, NDArray[np.bool_]] | None = None

    def differs(self, earlier: Tick) -> NDArray[np.bool_]:
        """Which points have another value or StatusCode than in an earlier tick; shape (n,)."""
        known = self._differences
        if known is not None and known[0] is earlier:
            return known[1]
        different = np.not_equal(self.bits, earlier.bits)
        if self.codes is not earlier.codes:
            different |= np.not_equal(self.codes, earlier.codes)
        self._differences = (earlier, different)
        return different


class TickMaker:
    """Turns values into ticks.

    Args:
        points: Of the group.
    """

    def __init__(self, points: Sequence[PointSpec]) -> None:
        self._size = len(points)
        self._floats = [
            index for index, point in enumerate(points) if point.kind is ValueKind.FLOAT and point.length is None
        ]
        self._wholes = [
            index for index, point in enumerate(points) if point.kind in (ValueKind.INTEGER, ValueKind.BOOLEAN)
        ]
        self._float_places = _places(self._floats)
        self._whole_places = _places(self._wholes)
        self._pick_floats = _picker(self._floats)
        self._pick_wholes = _picker(self._wholes)
        self._codes: Codes = np.zeros(self._size, np.uint64)
        self._code_list: list[int] = [0] * self._size
        self._is_plain = True

    def make(self, values: Sequence[Value], codes: list[int], source: Sequence[int], server: Sequence[int]) -> Tick:
        """Make a tick.

        Args:
            values: None where there is none; in range of their kinds.
            codes: StatusCode of each point, with `NULL` where there is no value.
            source: SourceTimestamps.
            server: ServerTimestamps.
        """
        bits: Bits = np.zeros(self._size, np.uint64)
        if self._floats:
            floats: Any = np.array(self._pick_floats(values), np.float64)  # None becomes NaN, and the code says so
            bits[self._float_places] = floats.view(np.uint64)
        if self._wholes:
            wholes: Sequence[Any] = self._pick_wholes(values)
            if None in wholes:
                wholes = [0 if whole is None else whole for whole in wholes]
            bits[self._whole_places] = np.array(wholes, np.int64).view(np.uint64)
        if codes != self._code_list:
            self._code_list = codes
            self._codes = np.array(codes, np.uint64)
            self._is_plain = not any(codes)
        if not self._is_plain:
            bits[self._codes >= NULL] = 0
        return Tick(bits, self._codes, np.array(source, np.int64), np.array(server, np.int64), is_plain=self._is_plain)


def _places(indices: list[int]) -> slice | list[int]:
    """Indices that follow each other are a slice, which numpy fills faster."""
    if indices and indices == list(range(indices[0], indices[-1] + 1)):
        return slice(indices[0], indices[-1] + 1)
    return indices


def _picker(indices: list[int]) -> Any:  # noqa: ANN401  itemgetter is generic over nothing that helps here
    if len(indices) == 1:
        only = indices[0]
        return lambda values: (values[only],)
    return itemgetter(*indices) if indices else None
