"""One tick of one group of points, ready for any adapter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.model.quality import State
from gateway.model.stamp import Stamp
from gateway.model.value import Value


@dataclass(frozen=True, slots=True)
class Update:
    """Values and states of all points of one group at one instant.

    Attributes:
        group: `PointGroup.index`.
        stamp: Acquisition instant, or the instant at which a change of state was detected.
        values: One per point; None where nothing is known. A state that keeps its value repeats the last one here.
        states: One per point.
        changed: Indices an adapter has to write: every cyclic point, and the others where value or state changed.
    """

    group: int
    stamp: Stamp
    values: Sequence[Value]
    states: Sequence[State]
    changed: Sequence[int]
