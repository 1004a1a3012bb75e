"""Counters on their way to clients: one or many, and those of a driver that has a fault in them."""

from __future__ import annotations

import logging

import pytest

from gateway.model.diagnostics import Counter
from gateway.model.points import PointGroup, PointSpec, ValueKind
from gateway.model.quality import State
from gateway.model.stamp import Stamp
from gateway.runtime.diagnostics import CounterProjector

TABLE = tuple(
    Counter(name, PointSpec(("DriverCounters", name.title()), ValueKind.INTEGER, name)) for name in ("asked", "broken")
)


class Counts:
    asked = 3
    plug = "out"

    @property
    def broken(self) -> int:
        if self.plug == "out":
            raise ValueError("not a number")
        return 7


@pytest.mark.parametrize("rows", [1, 2])
def test_what_moved_is_marked_and_what_cannot_be_read_stops_nobody(rows: int, caplog: pytest.LogCaptureFixture):
    table, counts = TABLE[:rows], Counts()
    group = PointGroup(0, "bench", tuple(counter.point for counter in table))
    projector = CounterProjector(group, table, counts)
    with caplog.at_level(logging.ERROR):
        first = projector.project(Stamp(1, 1))
        again = projector.project(Stamp(2, 2))
    assert list(first.values) == [3, None][:rows]
    assert list(first.states) == [State.GOOD, State.WAITING][:rows]
    assert (list(first.changed), list(again.changed)) == ([0], [])
    assert len(caplog.records) == rows - 1
    counts.plug, counts.asked = "in", 4
    later = projector.project(Stamp(3, 3))
    assert (list(later.values), list(later.changed)) == ([4, 7][:rows], [0, 1][:rows])
