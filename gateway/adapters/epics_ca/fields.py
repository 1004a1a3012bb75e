"""Fields of a record (`PV.EGU`, `PV.HIHI`), computed when read."""

from __future__ import annotations

import math

from caproto import SubscriptionType

from gateway.adapters.epics_ca.encoding import (
    LAYOUT,
    Condition,
    Display,
    Native,
    clipped,
    encode_enum,
    encode_number,
    encode_text,
)
from gateway.adapters.epics_ca.field_table import FIELDS, FieldSpec, Owner
from gateway.adapters.epics_ca.values import ReadOnlyValue

_CHANGED = int(SubscriptionType.DBE_VALUE | SubscriptionType.DBE_LOG)
_NO_ALARM_LIMITS = (math.nan,) * 4


def _display(record: Owner, spec: FieldSpec) -> Display:
    """Metadata of a field: those of the value without its alarm limits, or the range of the field's type."""
    if spec.menu:
        return Display(states=spec.menu)
    low, high = spec.type.bounds
    if not spec.of_value:
        return Display("", 0, (high, low, *_NO_ALARM_LIMITS, high, low))
    value = record.display
    high, low = value.limits[:2]
    return Display(value.units, value.precision, (high, low, *_NO_ALARM_LIMITS, high, low))


class Field(ReadOnlyValue):
    """One field of one record; alarm and time are the record's.

    Args:
        record: The record.
        spec: Where the content comes from.
    """

    def __init__(self, record: Owner, spec: FieldSpec) -> None:
        self.native = spec.type.native
        super().__init__(_display(record, spec), record.reported_record_type)
        self._record = record
        self._spec = spec
        self._shown = spec.read(record)

    @property
    def condition(self) -> Condition:
        """Alarm and time of the record."""
        return self._record.condition

    @property
    def long_string_max_length(self) -> int:
        """Elements of the long-string view (`.DESC$`), the closing NUL included."""
        return self._spec.size

    def encoded(self, native: Native) -> bytes:
        """The content of now in the native type asked for."""
        content = self._spec.read(self._record)
        if isinstance(content, str):
            return encode_text(clipped(content, self._spec.size).decode(), native)
        if self._spec.menu:
            return encode_enum(int(content), native, self._spec.menu)
        return encode_number(content, native, self.display.precision)

    def capacity(self, dbr_type: int) -> int:
        """Most elements that a client can get in that type."""
        as_characters = dbr_type in LAYOUT and LAYOUT[dbr_type][1] is Native.CHAR
        return self._spec.size if self.native is Native.STRING and as_characters else 1

    def refresh(self) -> None:
        """Tell the monitors if the content has changed."""
        if self._spec.live:
            content = self._spec.read(self._record)
            if content != self._shown:
                self._shown = content
                self.notify(_CHANGED)


def make_field(record: Owner, name: str) -> Field:
    """The field of that name.

    Raises:
        KeyError: Records of this type have none of that name.
    """
    return Field(record, FIELDS[record.reported_record_type][name])
