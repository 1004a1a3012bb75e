"""Which type of record of EPICS base a point is served as, and the metadata that it gets from its description."""

from __future__ import annotations

import math
from dataclasses import replace

from gateway.adapters.epics_ca.encoding import Display
from gateway.model.command_points import REQUEST_STATES
from gateway.model.points import AlarmLimits, PointSpec, ValueKind

RECORD_TYPES: dict[ValueKind, str] = {
    ValueKind.FLOAT: "ai",
    ValueKind.INTEGER: "int64in",
    ValueKind.BOOLEAN: "bi",
    ValueKind.TEXT: "lsi",
}
"""RTYP by kind of value; nobody knows how long a text of an analyser may become, so it is not a stringin."""

COMMAND_TYPES: dict[ValueKind, str] = {
    ValueKind.FLOAT: "ao",
    ValueKind.INTEGER: "longout",
    ValueKind.BOOLEAN: "bo",
}
"""RTYP of commands by kind of value."""

WAVEFORM = "waveform"
"""RTYP of an array of numbers."""

FLAG = Display(states=("No", "Yes"))
"""Names of the states of a flag."""

REQUEST = Display(states=REQUEST_STATES)
"""Names of the states of a command that takes no argument."""

_MOST_DECIMALS = 15


def number_display(point: PointSpec) -> Display:
    """Display and control limits are the display range, as in an ai record; limits that are off are NaN."""
    low, high = point.display_range or (0.0, 0.0)
    limits = point.limits or AlarmLimits()
    alarms = (limits.high_high, limits.high, limits.low, limits.low_low)
    alarm_limits = [math.nan if limit is None else limit for limit in alarms]
    precision = max(0, min(point.precision, _MOST_DECIMALS)) if point.kind is ValueKind.FLOAT else 0
    return Display(point.unit, precision, (high, low, *alarm_limits, high, low))


def array_display(point: PointSpec) -> Display:
    """As `number_display`; a waveform record has no alarm limits."""
    return number_display(replace(point, limits=None))


def record_type(point: PointSpec) -> str:
    """RTYP of a point that is no command."""
    return RECORD_TYPES[point.kind] if point.length is None else WAVEFORM


def command_type(point: PointSpec) -> str:
    """RTYP of a point that is a command."""
    return COMMAND_TYPES[point.kind] if point.length is None else WAVEFORM


def display_of(point: PointSpec) -> Display:
    """Metadata of a point that is no command."""
    if point.length is not None:
        return array_display(point)
    match point.kind:
        case ValueKind.FLOAT | ValueKind.INTEGER:
            return number_display(point)
        case ValueKind.BOOLEAN:
            return FLAG
        case ValueKind.TEXT:
            return Display()
