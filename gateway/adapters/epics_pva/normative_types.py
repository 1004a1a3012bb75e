"""Structures of the PVs: EPICS Normative Types, in the form that the server inside an IOC (QSRV) gives them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from p4p import Type
from p4p.nt import NTEnum, NTScalar, NTTable
from p4p.nt.common import alarm, timeStamp

from gateway.model.points import AlarmLimits, PointSpec, ValueKind
from gateway.model.quality import AlarmStatus, Quality, Severity, State

_DESCRIPTION = [("display", ("S", None, [("description", "s")]))]
_FORMS = ("Default", "String", "Binary", "Decimal", "Hex", "Exponential", "Engineering")
"""Choices of `display.form`, in the order of QSRV; a client may format by it."""

CHOICES = ("No", "Yes")
"""States of a flag, as Channel Access shows it."""

_TYPES: dict[ValueKind, Type] = {
    ValueKind.FLOAT: NTScalar.buildType("d", display=True, control=True, valueAlarm=True, form=True),
    ValueKind.INTEGER: NTScalar.buildType("l", display=True, control=True, form=True),
    ValueKind.BOOLEAN: NTEnum.buildType(extra=_DESCRIPTION),
    ValueKind.TEXT: NTScalar.buildType("s", display=True),
}
_ARRAY: Type = NTScalar.buildType("ad", display=True, form=True)

VALUE_FIELD: dict[ValueKind, str] = dict.fromkeys(ValueKind, "value") | {ValueKind.BOOLEAN: "value.index"}
"""Field of the PV that holds the value."""

_COLUMN: dict[ValueKind, str] = {
    ValueKind.FLOAT: "ad",
    ValueKind.INTEGER: "al",
    ValueKind.BOOLEAN: "a?",
    ValueKind.TEXT: "as",
}

_DEVICE, _DRIVER, _DATABASE = 1, 2, 4
_PVA_STATUS: dict[AlarmStatus, int] = dict.fromkeys(AlarmStatus, _DEVICE) | {
    AlarmStatus.NO_ALARM: 0,
    AlarmStatus.COMM: _DRIVER,
    AlarmStatus.TIMEOUT: _DRIVER,
    AlarmStatus.UDF: _DRIVER,
    AlarmStatus.DISABLE: _DATABASE,
    AlarmStatus.SIMM: _DATABASE,
}
"""`alarm.status` says where an alarm comes from; the mapping is that of QSRV (pvxs 1.5, ioc/iocsource.cpp)."""


def point_type(point: PointSpec) -> Type:
    """Type of a point's PV."""
    return _TYPES[point.kind] if point.length is None else _ARRAY


@dataclass(frozen=True, slots=True)
class AlarmLook:
    """One row of the quality table as `alarm_t`.

    Attributes:
        severity: EPICS severity.
        status: Where the alarm comes from.
        message: The state in words, as AMSG has it over Channel Access; empty for no alarm.
    """

    severity: int
    status: int
    message: str

    def fields(self) -> dict[str, Any]:
        """Content of the field `alarm`."""
        return {"severity": self.severity, "status": self.status, "message": self.message}


def alarm_looks(quality: Mapping[State, Quality]) -> dict[State, AlarmLook]:
    """How each state looks."""
    return {
        state: AlarmLook(int(row.severity), _PVA_STATUS[row.status], state.value if row.severity else "")
        for state, row in quality.items()
    }


def stamp_fields(unix_us: int) -> dict[str, int]:
    """Content of the field `timeStamp`."""
    seconds, microseconds = divmod(unix_us, 1_000_000)
    return {"secondsPastEpoch": seconds, "nanoseconds": microseconds * 1000}


def _value_alarm(limits: AlarmLimits | None, quality: Mapping[State, Quality]) -> dict[str, Any]:
    """Limits that are off are NaN, as in an ai record."""
    own = limits or AlarmLimits()
    sides = (
        ("lowAlarm", own.low_low, State.LOW_LOW),
        ("lowWarning", own.low, State.LOW),
        ("highWarning", own.high, State.HIGH),
        ("highAlarm", own.high_high, State.HIGH_HIGH),
    )
    content: dict[str, Any] = {"active": limits is not None, "hysteresis": own.hysteresis}
    for side, limit, state in sides:
        content[f"{side}Limit"] = math.nan if limit is None else limit
        content[f"{side}Severity"] = int(Severity.NO_ALARM if limit is None else quality[state].severity)
    return content


def metadata(point: PointSpec, quality: Mapping[State, Quality], choices: Sequence[str] = CHOICES) -> dict[str, Any]:
    """What never changes of a point's PV, by field."""
    if point.kind is ValueKind.BOOLEAN:
        return {"value.choices": choices, "display.description": point.description}
    display: dict[str, Any] = {"description": point.description, "units": point.unit}
    if point.kind is ValueKind.TEXT:
        return {"display": display}
    number = float if point.kind is ValueKind.FLOAT else int
    low, high = (number(limit) for limit in point.display_range or (0, 0))
    limits = {"limitLow": low, "limitHigh": high}
    precision = point.precision if point.kind is ValueKind.FLOAT else 0
    display |= {"precision": precision, "form": {"index": 0, "choices": _FORMS}, **limits}
    if point.length is not None:
        return {"display": display}
    content = {"display": display, "control": limits}
    return content | {"valueAlarm": _value_alarm(point.limits, quality)} if number is float else content


def table_type(columns: Mapping[str, ValueKind]) -> Type:
    """Type of a table with these columns."""
    return NTTable.buildType([(name, _COLUMN[kind]) for name, kind in columns.items()])


def pvi_type(entries: Mapping[str, str]) -> Type:
    """Type of an NTPVI with these fields; each has one subfield, named after the access."""
    value = [(name, ("S", None, [(access, "s")])) for name, access in entries.items()]
    return Type(
        [("alarm", alarm), ("timeStamp", timeStamp), *_DESCRIPTION, ("value", ("S", None, value))],
        id="epics:nt/NTPVI:1.0",
    )
