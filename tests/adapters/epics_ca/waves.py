"""A site with arrays among its points, and arrays whose every element says which it is."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gateway.model.points import DeviceSpec, PointGroup, PointSpec, SiteSpec, ValueKind
from gateway.model.quality import State
from gateway.model.stamp import Stamp
from gateway.model.update import Update
from gateway.model.value import Value

LONG, SHORT = 65_536, 1000
POINTS = (
    PointSpec(("Scope", "Value"), ValueKind.FLOAT, "A long array", unit="V", precision=3, length=LONG),
    PointSpec(("Scope", "Short"), ValueKind.FLOAT, "A short array", display_range=(-1.0, 1.0), length=SHORT),
    PointSpec(("Level", "Value"), ValueKind.FLOAT, "A number"),
    PointSpec(("Count", "Value"), ValueKind.INTEGER, "A whole number"),
    PointSpec(("Mode", "Value"), ValueKind.TEXT, "A text"),
    PointSpec(("Valve", "Value"), ValueKind.BOOLEAN, "A flag"),
)
NAMES = ("Scope", "Scope:Short", "Level", "Count", "Mode", "Valve")
SITE = SiteSpec("works", (DeviceSpec("daq", "DAQ", "Maker", "Model", (PointGroup(0, "daq", POINTS, "Acquired"),)),))
BEGIN_US = 1_700_000_000_000_000


def ramp(count: int, first: float = 0.0) -> memoryview:
    """Numbers that run up by one."""
    return memoryview(np.arange(first, first + count)).toreadonly()


def wave_update(values: Mapping[str, Value], *, state: State = State.GOOD, tick: int = 0) -> Update:
    """An Update of the points named; the time counts ticks of a tenth of a second."""
    changed = [index for index, name in enumerate(NAMES) if name in values]
    stamp = Stamp(0, BEGIN_US + tick * 100_000)
    return Update(0, stamp, [values.get(name) for name in NAMES], [state] * len(NAMES), changed)
