"""Fields of a record (`PV.EGU`, `PV.HIHI`), computed when read: names and meanings are those of EPICS base."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from caproto import SubscriptionType

from gateway.adapters.epics_ca.encoding import (
    Condition,
    Display,
    Native,
    encode_enum,
    encode_number,
    encode_text,
)
from gateway.adapters.epics_ca.values import ReadOnlyValue
from gateway.model.points import PointSpec
from gateway.model.quality import AlarmStatus, Severity, State

_CHANGED = int(SubscriptionType.DBE_VALUE | SubscriptionType.DBE_LOG)

SEVERITIES = ("NO_ALARM", "MINOR", "MAJOR", "INVALID")
STATUSES = (
    *("NO_ALARM", "READ", "WRITE", "HIHI", "HIGH", "LOLO", "LOW", "STATE", "COS", "COMM", "TIMEOUT", "HWLIMIT"),
    *("CALC", "SCAN", "LINK", "SOFT", "BAD_SUB", "UDF", "DISABLE", "SIMM", "READ_ACCESS", "WRITE_ACCESS"),
)
SCANS = (
    *("Passive", "Event", "I/O Intr", "10 second", "5 second", "2 second", "1 second"),
    *(".5 second", ".2 second", ".1 second"),
)
"""Menus of EPICS base: menuAlarmSevr, menuAlarmStat, menuScan."""

_IO_INTR = SCANS.index("I/O Intr")
_PASSIVE = SCANS.index("Passive")


class Owner(Protocol):
    """What a field has to know of its record."""

    name: str
    point: PointSpec
    display: Display
    condition: Condition
    alarms: Mapping[State, tuple[int, int]]
    defined: bool

    @property
    def reported_record_type(self) -> str:
        """RTYP."""
        ...


Content = float | str


_LIMITS = ("HOPR", "LOPR", "HIHI", "HIGH", "LOW", "LOLO", "DRVH", "DRVL")
"""Fields of `Display.limits`, in its order; only output records have the last two."""


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field of a type of record.

    Attributes:
        native: Native type.
        read: Its content now: a number, the index of a menu, or a text.
        menu: Choices of a menu field.
        live: Whether it may change while the server runs.
    """

    native: Native
    read: Callable[[Owner], Content]
    menu: tuple[str, ...] = ()
    live: bool = False


def _limit_severity(index: int, state: State) -> Callable[[Owner], Content]:
    return lambda record: Severity.NO_ALARM if math.isnan(record.display.limits[index]) else record.alarms[state][1]


def _hysteresis(record: Owner) -> float:
    return 0.0 if record.point.limits is None else record.point.limits.hysteresis


def _limit(index: int, native: Native = Native.DOUBLE) -> FieldSpec:
    return FieldSpec(native, lambda record: record.display.limits[index])


def _text(read: Callable[[Owner], str]) -> FieldSpec:
    return FieldSpec(Native.STRING, read)


def _menu(read: Callable[[Owner], Content], menu: tuple[str, ...]) -> FieldSpec:
    return FieldSpec(Native.ENUM, read, menu)


def _undefined(record: Owner) -> int:
    return int(not record.defined or record.condition.status == AlarmStatus.UDF)


_COMMON: dict[str, FieldSpec] = {
    "NAME": _text(lambda record: record.name),
    "DESC": _text(lambda record: record.point.description),
    "RTYP": _text(lambda record: record.reported_record_type),
    "SCAN": _menu(lambda _: _IO_INTR, SCANS),
    "STAT": FieldSpec(Native.ENUM, lambda record: record.condition.status, STATUSES, live=True),
    "SEVR": FieldSpec(Native.ENUM, lambda record: record.condition.severity, SEVERITIES, live=True),
    "UDF": FieldSpec(Native.CHAR, _undefined, live=True),
}
_NUMERIC: dict[str, FieldSpec] = {
    "EGU": _text(lambda record: record.point.unit),
    "PREC": FieldSpec(Native.INT, lambda record: record.display.precision),
    **{name: _limit(index) for index, name in enumerate(_LIMITS[:6])},
    "HHSV": _menu(_limit_severity(2, State.HIGH_HIGH), SEVERITIES),
    "HSV": _menu(_limit_severity(3, State.HIGH), SEVERITIES),
    "LSV": _menu(_limit_severity(4, State.LOW), SEVERITIES),
    "LLSV": _menu(_limit_severity(5, State.LOW_LOW), SEVERITIES),
    "HYST": FieldSpec(Native.DOUBLE, _hysteresis),
    "MDEL": FieldSpec(Native.DOUBLE, lambda _: 0.0),
    "ADEL": FieldSpec(Native.DOUBLE, lambda _: 0.0),
}
_LONG_OUT: dict[str, FieldSpec] = {
    **{name: spec for name, spec in _NUMERIC.items() if name != "PREC"},
    **{name: _limit(index, Native.LONG) for index, name in enumerate(_LIMITS)},
    **{name: FieldSpec(Native.LONG, lambda _: 0) for name in ("HYST", "MDEL", "ADEL")},
}
_OUTPUT: dict[str, FieldSpec] = {"SCAN": _menu(lambda _: _PASSIVE, SCANS)}
_BINARY: dict[str, FieldSpec] = {
    "ZNAM": _text(lambda record: record.display.states[0]),
    "ONAM": _text(lambda record: record.display.states[1]),
    "ZSV": _menu(lambda _: Severity.NO_ALARM, SEVERITIES),
    "OSV": _menu(lambda _: Severity.NO_ALARM, SEVERITIES),
    "COSV": _menu(lambda _: Severity.NO_ALARM, SEVERITIES),
}

FIELDS: dict[str, dict[str, FieldSpec]] = {
    "ai": _COMMON | _NUMERIC,
    "int64in": _COMMON | _NUMERIC,
    "bi": _COMMON | _BINARY,
    "stringin": _COMMON,
    "longout": _COMMON | _LONG_OUT | _OUTPUT,
    "bo": _COMMON | _BINARY | _OUTPUT,
}
"""Fields by type of record; `VAL` is the record itself."""


class Field(ReadOnlyValue):
    """One field of one record; alarm and time are the record's.

    Args:
        record: The record.
        spec: Where the content comes from.
    """

    def __init__(self, record: Owner, spec: FieldSpec) -> None:
        self.native = spec.native
        display = Display(states=spec.menu) if spec.menu else record.display
        super().__init__(record.condition, display, record.reported_record_type)
        self._record = record
        self._spec = spec
        self._shown = spec.read(record)

    def encoded(self, native: Native) -> bytes:
        """The content of now in the native type asked for."""
        content = self._spec.read(self._record)
        if isinstance(content, str):
            return encode_text(content, native)
        if self._spec.menu:
            return encode_enum(int(content), native, self._spec.menu)
        return encode_number(content, native, self.display.precision if self.native is Native.DOUBLE else 0)

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
