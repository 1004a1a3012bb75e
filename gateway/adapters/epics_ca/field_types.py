"""Types of fields in EPICS base (dbFldTypes.h), with what Channel Access makes of them, and menus."""

from __future__ import annotations

from enum import Enum

from gateway.adapters.epics_ca.encoding import Native


class FieldType(Enum):
    """Type of a field: native type over Channel Access (dbDBRnewToDBRold), and its range as display limits.

    The range is what EPICS base gives for a field that has none of its own (recGblGetGraphicDouble).
    """

    STRING = (Native.STRING, (0.0, 0.0))
    MENU = (Native.ENUM, (0.0, 0.0))
    UCHAR = (Native.CHAR, (0.0, 255.0))
    SHORT = (Native.INT, (-32768.0, 32767.0))
    USHORT = (Native.LONG, (0.0, 65535.0))
    LONG = (Native.LONG, (-2147483648.0, 2147483647.0))
    ULONG = (Native.DOUBLE, (0.0, 4294967295.0))
    INT64 = (Native.DOUBLE, (-(2.0**63), 2.0**63))
    UINT64 = (Native.DOUBLE, (0.0, 2.0**64))
    DOUBLE = (Native.DOUBLE, (-1e300, 1e300))

    def __init__(self, native: Native, bounds: tuple[float, float]) -> None:
        self.native = native
        self.bounds = bounds


SEVERITIES = ("NO_ALARM", "MINOR", "MAJOR", "INVALID")
STATUSES = (
    *("NO_ALARM", "READ", "WRITE", "HIHI", "HIGH", "LOLO", "LOW", "STATE", "COS", "COMM", "TIMEOUT", "HWLIMIT"),
    *("CALC", "SCAN", "LINK", "SOFT", "BAD_SUB", "UDF", "DISABLE", "SIMM", "READ_ACCESS", "WRITE_ACCESS"),
)
SCANS = (
    *("Passive", "Event", "I/O Intr", "10 second", "5 second", "2 second", "1 second"),
    *(".5 second", ".2 second", ".1 second"),
)
AT_INIT = ("NO", "YES", "RUN", "RUNNING", "PAUSE", "PAUSED")
NO_YES = ("NO", "YES")
PRIORITIES = ("LOW", "MEDIUM", "HIGH")
POSTS = ("On Change", "Always")
ARRAY_POSTS = ("Always", "On Change")
OUTPUT_MODES = ("supervisory", "closed_loop")
ELEMENT_TYPES = (
    *("STRING", "CHAR", "UCHAR", "SHORT", "USHORT", "LONG", "ULONG", "INT64", "UINT64", "FLOAT", "DOUBLE"),
    "ENUM",
)
"""Menus of EPICS base: AlarmSevr, AlarmStat, Scan, Pini, YesNo, Priority, Post, waveformPOST, Omsl, Ftype."""
