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
from gateway.adapters.epics_ca.field_types import FieldType
from gateway.adapters.epics_ca.values import ReadOnlyValue

FIELD_CHANGED = int(SubscriptionType.DBE_VALUE | SubscriptionType.DBE_LOG)
"""DBE bits of a field whose content has changed."""

_NO_ALARM_LIMITS = (math.nan,) * 4


_WITHOUT_DISPLAY_RANGES = ("bi", "lsi", "bo")
_WITHOUT_CONTROL_RANGES = ("bi", "lsi")
_DEFAULT_DECIMALS = 6
"""Decimals of a floating-point number of a record that has no PREC."""


def _display(record: Owner, spec: FieldSpec) -> Display:
    """Metadata of a field, as far as the record support of EPICS base gives some; it never has alarm limits."""
    if spec.menu:
        return Display(states=spec.menu)
    value, kind = record.display, record.reported_record_type
    low, high = spec.type.bounds if spec.bounds is None else spec.bounds(record)
    if spec.in_range:
        high, low = value.limits[:2]
    shown = (0.0, 0.0) if kind in _WITHOUT_DISPLAY_RANGES else (high, low)
    control = (0.0, 0.0) if kind in _WITHOUT_CONTROL_RANGES else (high, low)
    units, precision = (value.units, value.precision) if spec.of_value else ("", 0)
    return Display(units, precision, (*shown, *_NO_ALARM_LIMITS, *control))


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
        plain = spec.type is FieldType.DOUBLE and not spec.of_value
        self._decimals = _DEFAULT_DECIMALS if plain else self.display.precision

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
        return encode_number(content, native, self._decimals)

    def capacity(self, dbr_type: int) -> int:
        """Most elements that a client can get in that type."""
        as_characters = dbr_type in LAYOUT and LAYOUT[dbr_type][1] is Native.CHAR
        return self._spec.size if self.native is Native.STRING and as_characters else 1

    def refresh(self, events: int, transition: int) -> None:  # noqa: ARG002  those of the value are not its own
        """Tell the monitors if the content has changed."""
        if self._spec.live:
            content = self._spec.read(self._record)
            if content != self._shown:
                self._shown = content
                self.notify(FIELD_CHANGED)


def make_field(record: Owner, name: str) -> Field:
    """The field of that name.

    Raises:
        KeyError: Records of this type have none of that name.
    """
    return Field(record, FIELDS[record.reported_record_type][name])
