"""Points that are arrays of numbers, as waveform records."""

from __future__ import annotations

from typing import cast

from gateway.adapters.epics_ca.array_slices import ArraySlice, AskedSlice
from gateway.adapters.epics_ca.array_values import ArrayValue, elements
from gateway.adapters.epics_ca.encoding import Display
from gateway.adapters.epics_ca.record_shapes import WAVEFORM, array_display
from gateway.adapters.epics_ca.records import Record
from gateway.adapters.epics_ca.row_form import Numbers
from gateway.model.points import PointSpec


class WaveformRecord(ArrayValue, Record):
    """An array of numbers. With MPST and APST Always, as EPICS base begins, every array that comes is an event.

    An array is known by its buffer: one that is shown again, say because its state has changed, is the old one.
    """

    record_type = WAVEFORM
    accepts = frozenset({memoryview})

    @staticmethod
    def display_of(point: PointSpec) -> Display:
        """Unit, precision and range."""
        return array_display(point)

    @property
    def version(self) -> object:
        """The buffer."""
        return self.values.value(self.index)

    @property
    def numbers(self) -> Numbers:
        """The elements that have come last, at most NELM of them."""
        return elements(cast("memoryview", self.values.value(self.index)), self.max_length)

    @property
    def max_length(self) -> int:
        """NELM."""
        return self.point.length or 1

    @property
    def number_of_elements(self) -> int:
        """NORD."""
        return len(self.numbers)

    def sliced(self, asked: AskedSlice) -> ArrayValue:
        """Some of its elements; as in EPICS base, an array of one is never sliced."""
        if self.max_length == 1:
            return self
        part = self.parts.get(asked)
        if not isinstance(part, ArraySlice):
            part = self.parts[asked] = ArraySlice(self, asked)
            self.watch()
        return part
