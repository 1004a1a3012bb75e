"""What a name with channel filters shows: elements of an array, or a value whose events are told one by one."""

from __future__ import annotations

import time
from dataclasses import replace

from gateway.adapters.epics_ca.array_slices import ArraySlice, AskedSlice
from gateway.adapters.epics_ca.asked_filters import AskedFilters
from gateway.adapters.epics_ca.encoding import Condition, Native
from gateway.adapters.epics_ca.fields import FIELD_CHANGED
from gateway.adapters.epics_ca.records import Record, epics_time
from gateway.adapters.epics_ca.values import ReadOnlyValue
from gateway.adapters.epics_ca.waveform_records import WaveformRecord


def filtered(record: Record, value: ReadOnlyValue, filters: AskedFilters) -> ReadOnlyValue:
    """What a client sees of a record or field through filters; the gates among them are for each monitor to make."""
    if isinstance(value, WaveformRecord):
        if filters.now:
            return _part(record, filters, StampedSlice(value, filters.elements or AskedSlice()))
        return value if filters.elements is None else value.sliced(filters.elements)
    if not filters.gates and not filters.now:
        return value
    return _part(record, (value, filters.now), FilteredValue(value, now=filters.now))


def _part(record: Record, key: object, made: FilteredValue | StampedSlice) -> ReadOnlyValue:
    """The part that a monitor has already, or else the one that was made."""
    part = record.parts.get(key)
    if not isinstance(part, FilteredValue | StampedSlice):
        record.parts[key] = part = made
        record.watch()
    return part


def _at_present(condition: Condition) -> Condition:
    seconds, nanoseconds = epics_time(time.time_ns() // 1000)
    return replace(condition, seconds=seconds, nanoseconds=nanoseconds)


class FilteredValue(ReadOnlyValue):
    """A value or field each event of which is told on its own, so that a gate can look at it.

    Args:
        whole: The value or field.
        now: Whether the time of an event is that of its sending.
    """

    def __init__(self, whole: ReadOnlyValue, *, now: bool) -> None:
        self.native = whole.native
        super().__init__(whole.display, whole.reported_record_type)
        self.security_level = whole.security_level
        self._whole = whole
        self._now = now
        self._shown = whole.encoded(whole.native)

    @property
    def condition(self) -> Condition:
        """Alarm of the value, and its time or that of now."""
        return _at_present(self._whole.condition) if self._now else self._whole.condition

    @property
    def long_string_max_length(self) -> int:
        """Elements of the long-string view."""
        return self._whole.long_string_max_length

    def encoded(self, native: Native) -> bytes:
        """The value in the native type asked for."""
        return self._whole.encoded(native)

    def capacity(self, dbr_type: int) -> int:
        """Most elements that a client can get in that type."""
        return self._whole.capacity(dbr_type)

    def watch(self) -> None:
        """Somebody listens from now on who has to be told by `notify`."""
        self._whole.watch()

    def refresh(self, events: int, transition: int) -> None:
        """Tell the monitors; see `Part`. Events of a record are not those of its fields."""
        if isinstance(self._whole, Record):
            if events:
                self.notify(events, transition)
            return
        content = self._whole.encoded(self.native)
        if content != self._shown:
            self._shown = content
            self.notify(FIELD_CHANGED)


class StampedSlice(ArraySlice):
    """Elements of an array with the time of their sending."""

    @property
    def condition(self) -> Condition:
        """Alarm of the array, at this moment."""
        return _at_present(super().condition)
