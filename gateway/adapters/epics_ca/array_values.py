"""Arrays of numbers that clients read and monitor, in every DBR type, as many elements of them as a client asks for."""

from __future__ import annotations

from abc import abstractmethod
from struct import Struct
from typing import NamedTuple

import numpy as np

from gateway.adapters.epics_ca.array_encoding import array_body
from gateway.adapters.epics_ca.encoding import CLASS_NAME, ELEMENT_SIZE, Condition, Native
from gateway.adapters.epics_ca.row_form import Numbers
from gateway.adapters.epics_ca.values import EVENT_ADD, EVENT_HEADER, NORMAL, Body, ReadOnlyValue

_EXTENSION = Struct(">II")
"""Size and count of a message, behind the header of one that is too large for it; see `_MOST_IN_HEADER`."""

_MOST_IN_HEADER = 0xFFFF
"""From this size or count on, a header has this size, the count 0, and an extension (`cas_copy_in_header` of rsrv)."""


_NOTHING = bytes(8)
"""Body of an event without metadata, of an array without elements: libca drops an event without a body."""


class _Packed(NamedTuple):
    """An array in one DBR type: room for an extension of the header, metadata, elements.

    Attributes:
        number: Elements in it.
        place: Where they begin.
        size: Bytes of one.
        body: All of it, padded to eight bytes.
    """

    number: int
    place: int
    size: int
    body: memoryview


class ArrayValue(ReadOnlyValue):
    """An array of numbers.

    What is packed for one client is kept for all others until there is a new value, alarm or time: elements in one DBR
    type are the same for everybody, whoever wants fewer gets the beginning.
    """

    _packed_of: tuple[object, Condition] | None = None
    _packed: dict[int, _Packed]

    @property
    @abstractmethod
    def numbers(self) -> Numbers:
        """The elements that there are now; shape (n,), nothing is copied."""

    @property
    @abstractmethod
    def max_length(self) -> int:
        """Most elements that there can be; the name is caproto's."""

    @property
    @abstractmethod
    def version(self) -> object:
        """Another object for every array."""

    def capacity(self, dbr_type: int) -> int:
        """Most elements that a client can get in that type; a class has one name."""
        return 1 if dbr_type == CLASS_NAME else self.max_length

    def encoded(self, native: Native) -> bytes:
        """All elements in the native type asked for."""
        numbers = self.numbers
        body = array_body(b"", numbers, native, len(numbers), self.display.precision)
        return bytes(body[: len(numbers) * ELEMENT_SIZE[native]])

    def payload(self, dbr_type: int, count: int) -> tuple[int, int, bytes]:
        """See `ReadOnlyValue.payload`."""
        if dbr_type == CLASS_NAME:
            return super().payload(dbr_type, count)
        number, body = self._body(dbr_type, count)
        return NORMAL, number, bytes(body[_EXTENSION.size :])

    def event(self, dbr_type: int, count: int) -> tuple[bytes, Body]:
        """See `ReadOnlyValue.event`; an extension of the header is a part of the body."""
        if dbr_type == CLASS_NAME:
            return super().event(dbr_type, count)
        number, body = self._body(dbr_type, count)
        size = len(body) - _EXTENSION.size
        if size < _MOST_IN_HEADER and number < _MOST_IN_HEADER:
            rest = body[_EXTENSION.size :] or _NOTHING
            return EVENT_HEADER.pack(EVENT_ADD, len(rest), dbr_type, number, NORMAL), rest
        header = EVENT_HEADER.pack(EVENT_ADD, _MOST_IN_HEADER, dbr_type, 0, NORMAL)
        extension = _EXTENSION.pack(size, number)
        if body[: _EXTENSION.size] != extension:  # room for more elements than these
            body = memoryview(b"".join((extension, body[_EXTENSION.size :])))
        return header, body

    def packing(self, dbr_type: int) -> None:
        """Arrays are told on their own."""

    def _body(self, dbr_type: int, count: int) -> tuple[int, memoryview]:
        """Number of elements; what `_Packed` has of them."""
        numbers, version, condition = self.numbers, self.version, self.condition
        number = min(count, self.max_length) if count else len(numbers)
        if self._packed_of is None or self._packed_of[0] is not version or self._packed_of[1] != condition:
            self._packed_of, self._packed = (version, condition), {}
        packed = self._packed.get(dbr_type)
        if packed is None or packed.number < number:
            others = [asked for kind, asked in self.listeners if kind == dbr_type]
            packed = self._packed[dbr_type] = self._pack(dbr_type, numbers, max([number, *others]))
        end = packed.place + number * packed.size
        return number, packed.body[: end + -end % 8]

    def _pack(self, dbr_type: int, numbers: Numbers, count: int) -> _Packed:
        begin, native = self.beginning(dbr_type)
        size = len(begin) + count * ELEMENT_SIZE[native]
        extension = _EXTENSION.pack(size + -size % 8, count)
        body = array_body(extension + begin, numbers, native, count, self.display.precision)
        return _Packed(count, _EXTENSION.size + len(begin), ELEMENT_SIZE[native], body)


def elements(view: memoryview, most: int) -> Numbers:
    """The numbers of an array, at most that many; nothing is copied."""
    numbers: Numbers = np.asarray(view)
    return numbers[:most]
