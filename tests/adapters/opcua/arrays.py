"""A site with arrays of numbers, and blocks whose every element proves which block it is of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gateway.model.points import DeviceSpec, PointGroup, PointSpec, SiteSpec, ValueKind
from gateway.model.quality import State
from gateway.model.stamp import Stamp
from gateway.model.update import Update
from gateway.model.value import Value

LONGEST = 65_535
UNIX_US = 1_763_689_123_456_789
WAVE, RMS, OTHER, SHORT, COUNT = range(5)
POINTS = (
    PointSpec(
        ("A", "Waveform"), ValueKind.FLOAT, "Samples of one block", unit="V", display_range=(-1e9, 1e9), cyclic=True,
        length=LONGEST,
    ),
    PointSpec(("A", "RMS"), ValueKind.FLOAT, "Of one block", unit="V", cyclic=True),
    PointSpec(("B", "Waveform"), ValueKind.FLOAT, "Samples of one block", unit="V", cyclic=True, length=LONGEST),
    PointSpec(("B", "Trend"), ValueKind.FLOAT, "Means", length=100),
    PointSpec(("Temperature", "Value"), ValueKind.INTEGER, "In counts", unit="counts", display_range=(0, 4095)),
    PointSpec(("Door", "Value"), ValueKind.BOOLEAN, "Whether it is open"),
    PointSpec(("Mode", "Value"), ValueKind.TEXT, "What it does"),
)  # fmt: skip
SITE = SiteSpec("works 7", (DeviceSpec("scope", "", "", "", (PointGroup(0, "scope", POINTS),)),))
NODES = [f"ns=2;s=scope/{point.browse_path}" for point in POINTS]


def array(numbers: Sequence[float] | np.ndarray) -> memoryview:
    """Numbers as the model has them."""
    return np.array(numbers, np.float64).data.toreadonly()


def block(index: int, length: int = LONGEST) -> memoryview:
    """Element `i` of block `index` is `index * 100_000 + i`."""
    return array(index * 100_000 + np.arange(length))


def values(index: int = 1, **changes: Value) -> list[Value]:
    """Of all points; named by what they are called."""
    given: list[Value] = [block(index), float(index), block(index + 1000), block(index, 3), index, True, "run"]
    for name, value in changes.items():
        given[{"wave": WAVE, "rms": RMS, "other": OTHER, "short": SHORT, "count": COUNT}[name]] = value
    return given


def update(
    index: int = 1, *, state: State = State.GOOD, changed: Sequence[int] | None = None, **changes: Value
) -> Update:
    """One tick, 100 ms after the one before."""
    indices = range(len(POINTS)) if changed is None else changed
    given = values(index, **changes)
    return Update(0, Stamp(0, UNIX_US + 100_000 * index), given, (state,) * len(POINTS), indices)
