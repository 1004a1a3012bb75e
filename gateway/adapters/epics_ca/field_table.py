"""Fields of each type of record: names, types and meanings are those of EPICS base (its .dbd files).

The server reads them when a client does; the database that `analyser-gateway export` writes holds those that differ
from what EPICS base begins with. Both go by this one table.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from gateway.adapters.epics_ca.encoding import LONG_STRING_SIZE, STRING_SIZE, Condition, Display
from gateway.adapters.epics_ca.field_types import (
    ARRAY_POSTS,
    AT_INIT,
    ELEMENT_TYPES,
    NO_YES,
    OUTPUT_MODES,
    POSTS,
    PRIORITIES,
    SCANS,
    SEVERITIES,
    STATUSES,
    FieldType,
)
from gateway.model.points import PointSpec
from gateway.model.quality import AlarmStatus, Severity, State

FROM_DEVICE = -2
"""TSE of a record whose time stamps come with its values (epicsTimeEventDeviceTime)."""

_IO_INTR = SCANS.index("I/O Intr")
_PASSIVE = SCANS.index("Passive")
_DOUBLE = ELEMENT_TYPES.index("DOUBLE")

Content = float | str


class Owner(Protocol):
    """What a field has to know of its record."""

    @property
    def name(self) -> str:
        """Record name."""
        ...

    @property
    def point(self) -> PointSpec:
        """What it shows."""
        ...

    @property
    def display(self) -> Display:
        """Metadata of its value."""
        ...

    @property
    def condition(self) -> Condition:
        """Its alarm and time."""
        ...

    @property
    def alarms(self) -> Mapping[State, tuple[int, int]]:
        """STAT and SEVR of every state."""
        ...

    @property
    def state(self) -> State:
        """State of its value."""
        ...

    @property
    def defined(self) -> bool:
        """Whether it has ever had a value."""
        ...

    @property
    def number_of_elements(self) -> int:
        """Elements of an array that there are now."""
        ...

    @property
    def is_command(self) -> bool:
        """Whether clients write to it."""
        ...

    @property
    def access_group(self) -> str:
        """Access security group; empty for DEFAULT."""
        ...

    @property
    def reported_record_type(self) -> str:
        """RTYP."""
        ...


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field of a type of record.

    Attributes:
        type: Its type.
        read: Its content now: a number, the index of a menu, or a text.
        menu: Choices of a menu field.
        size: Bytes of a text with its closing NUL, the length of its long-string view (`.DESC$`).
        of_value: Whether it is shown in the unit and precision of the value.
        in_range: Whether it is also shown in the range of the value, not of its type.
        bounds: Its own range, lowest and highest; None for that of the value or of its type.
        initial: What it is in EPICS base unless a database says otherwise.
        live: Whether it may change while the server runs; such a field is no part of a database.
        given: Whether it follows from the record itself, and so is no part of a database.
    """

    type: FieldType
    read: Callable[[Owner], Content]
    menu: tuple[str, ...] = ()
    size: int = STRING_SIZE
    of_value: bool = False
    in_range: bool = False
    bounds: Callable[[Owner], tuple[float, float]] | None = None
    initial: Content = 0
    live: bool = False
    given: bool = False


def _text(
    read: Callable[[Owner], str], size: int = STRING_SIZE, *, live: bool = False, given: bool = False
) -> FieldSpec:
    return FieldSpec(FieldType.STRING, read, size=size, initial="", live=live, given=given)


def _menu(
    read: Callable[[Owner], Content], menu: tuple[str, ...], *, initial: int = 0, live: bool = False
) -> FieldSpec:
    return FieldSpec(FieldType.MENU, read, menu, initial=initial, live=live)


def _number(kind: FieldType, number: float = 0, initial: float = 0) -> FieldSpec:
    return FieldSpec(kind, lambda _: number, initial=initial)


def _of_value(kind: FieldType, read: Callable[[Owner], float], *, in_range: bool = False) -> FieldSpec:
    def content(record: Owner) -> float:
        number = read(record)
        return number if kind is FieldType.DOUBLE else int(number)

    return FieldSpec(kind, content, of_value=True, in_range=in_range)


def _limit_severity(index: int, state: State) -> FieldSpec:
    def severity(record: Owner) -> Content:
        return Severity.NO_ALARM if math.isnan(record.display.limits[index]) else record.alarms[state][1]

    return _menu(severity, SEVERITIES)


def _limit(index: int, kind: FieldType, *, in_range: bool = False) -> FieldSpec:
    def limit(record: Owner) -> float:
        number = record.display.limits[index]
        return 0.0 if math.isnan(number) else number

    return _of_value(kind, limit, in_range=in_range)


def _hysteresis(record: Owner) -> float:
    return 0.0 if record.point.limits is None else record.point.limits.hysteresis


def _most_elements(record: Owner) -> int:
    return record.point.length or 1


def _undefined(record: Owner) -> int:
    return int(not record.defined or record.condition.status == AlarmStatus.UDF)


def _message(record: Owner) -> str:
    return record.state.value if record.condition.severity else ""


_COMMON: dict[str, FieldSpec] = {
    "NAME": _text(lambda record: record.name, 61, given=True),
    "DESC": _text(lambda record: record.point.description, LONG_STRING_SIZE),
    "RTYP": _text(lambda record: record.reported_record_type, given=True),
    "ASG": _text(lambda record: record.access_group, 29),
    "SCAN": _menu(lambda record: _PASSIVE if record.is_command else _IO_INTR, SCANS),
    "PINI": _menu(lambda _: 0, AT_INIT),
    "PHAS": _number(FieldType.SHORT),
    "EVNT": _text(lambda _: ""),
    "TSE": _number(FieldType.SHORT, FROM_DEVICE),
    "DISV": _number(FieldType.SHORT, 1, 1),
    "DISA": _number(FieldType.SHORT),
    "DISP": _number(FieldType.UCHAR),
    "PROC": _number(FieldType.UCHAR),
    "STAT": _menu(lambda record: record.condition.status, STATUSES, live=True),
    "SEVR": _menu(lambda record: record.condition.severity, SEVERITIES, live=True),
    "AMSG": _text(_message, live=True),
    "NSTA": _menu(lambda _: 0, STATUSES),
    "NSEV": _menu(lambda _: 0, SEVERITIES),
    "NAMSG": _text(lambda _: ""),
    "ACKS": _menu(lambda record: record.condition.severity, SEVERITIES, live=True),
    "ACKT": _menu(lambda _: 0, NO_YES, initial=1),
    "DISS": _menu(lambda _: 0, SEVERITIES),
    "LCNT": _number(FieldType.UCHAR),
    "PACT": _number(FieldType.UCHAR),
    "PUTF": _number(FieldType.UCHAR),
    "RPRO": _number(FieldType.UCHAR),
    "PRIO": _menu(lambda _: 0, PRIORITIES),
    "TPRO": _number(FieldType.UCHAR),
    "UDF": FieldSpec(FieldType.UCHAR, _undefined, live=True),
    "UDFS": _menu(lambda _: Severity.INVALID, SEVERITIES, initial=Severity.INVALID),
    "UTAG": _number(FieldType.UINT64),
}


def _numeric(kind: FieldType) -> dict[str, FieldSpec]:
    """Range, limits and deadbands, which have the type of the value."""
    return {
        "EGU": _text(lambda record: record.display.units, 16),
        **{name: _limit(index, kind) for index, name in enumerate(("HOPR", "LOPR"))},
        **{name: _limit(index, kind, in_range=True) for index, name in enumerate(("HIHI", "HIGH", "LOW", "LOLO"), 2)},
        "HHSV": _limit_severity(2, State.HIGH_HIGH),
        "HSV": _limit_severity(3, State.HIGH),
        "LSV": _limit_severity(4, State.LOW),
        "LLSV": _limit_severity(5, State.LOW_LOW),
        "HYST": _of_value(kind, _hysteresis),
        "MDEL": _of_value(kind, lambda _: 0.0),
        "ADEL": _of_value(kind, lambda _: 0.0),
    }


_ANALOG: dict[str, FieldSpec] = {
    "PREC": FieldSpec(FieldType.SHORT, lambda record: record.display.precision),
    **_numeric(FieldType.DOUBLE),
}
_LONG_TEXT: dict[str, FieldSpec] = {
    "SIZV": _number(FieldType.USHORT, LONG_STRING_SIZE, STRING_SIZE + 1),
    "MPST": _menu(lambda _: 0, POSTS),
    "APST": _menu(lambda _: 0, POSTS),
}
_BINARY: dict[str, FieldSpec] = {
    "ZNAM": _text(lambda record: record.display.states[0], 26),
    "ONAM": _text(lambda record: record.display.states[1], 26),
    "ZSV": _menu(lambda _: 0, SEVERITIES),
    "OSV": _menu(lambda _: 0, SEVERITIES),
    "COSV": _menu(lambda _: 0, SEVERITIES),
}
_ARRAY: dict[str, FieldSpec] = {
    "EGU": _text(lambda record: record.display.units, 16),
    "PREC": FieldSpec(FieldType.SHORT, lambda record: record.display.precision),
    **{name: _limit(index, FieldType.DOUBLE) for index, name in enumerate(("HOPR", "LOPR"))},
    "NELM": FieldSpec(FieldType.ULONG, _most_elements, initial=1),
    "FTVL": _menu(lambda _: _DOUBLE, ELEMENT_TYPES),
    "NORD": FieldSpec(
        FieldType.ULONG,
        lambda record: record.number_of_elements,
        bounds=lambda record: (0, _most_elements(record)),
        live=True,
    ),
    "BUSY": FieldSpec(FieldType.SHORT, lambda _: 0, bounds=lambda _: (0, 1)),
    "RARM": _number(FieldType.SHORT),
    "MPST": _menu(lambda _: 0, ARRAY_POSTS),
    "APST": _menu(lambda _: 0, ARRAY_POSTS),
    "HASH": _number(FieldType.ULONG),
}
_OUTPUT: dict[str, FieldSpec] = {"OMSL": _menu(lambda _: 0, OUTPUT_MODES)}


def _drive(kind: FieldType) -> dict[str, FieldSpec]:
    return {"DRVH": _limit(6, kind), "DRVL": _limit(7, kind)}


FIELDS: dict[str, dict[str, FieldSpec]] = {
    "ai": _COMMON | _ANALOG | {"AFTC": _of_value(FieldType.DOUBLE, lambda _: 0.0)},
    "int64in": _COMMON | _numeric(FieldType.INT64) | {"AFTC": _number(FieldType.DOUBLE)},
    "bi": _COMMON | _BINARY,
    "lsi": _COMMON | _LONG_TEXT,
    "waveform": _COMMON | _ARRAY,
    "longout": _COMMON | _numeric(FieldType.LONG) | _drive(FieldType.LONG) | _OUTPUT,
    "ao": _COMMON | _ANALOG | _drive(FieldType.DOUBLE) | _OUTPUT,
    "bo": _COMMON | _BINARY | _OUTPUT,
}
"""Fields by type of record; `VAL` is the record itself."""
