"""The acquisition counters on their way to the clients, as ordinary Updates."""

from __future__ import annotations

from operator import attrgetter

from gateway.model.diagnostics import COUNTERS
from gateway.model.points import PointGroup, Value
from gateway.model.quality import State
from gateway.model.stamp import Stamp
from gateway.model.update import Update

_counters = attrgetter(*(counter.attribute for counter in COUNTERS))
_GOOD = (State.GOOD,) * len(COUNTERS)


class CounterProjector:
    """Turns the live summary of one analyser into Updates of its `Diagnostics` group."""

    def __init__(self, group: PointGroup, summary: object) -> None:
        self._group = group
        self._summary = summary
        self._values: tuple[Value, ...] = (None,) * len(COUNTERS)

    def project(self, stamp: Stamp) -> Update:
        """The counters now; only those that moved are marked as changed."""
        values: tuple[Value, ...] = _counters(self._summary)
        changed = [index for index, (new, old) in enumerate(zip(values, self._values, strict=True)) if new != old]
        self._values = values
        return Update(self._group.index, stamp, values, _GOOD, changed)

    def stop(self, stamp: Stamp) -> Update:
        """The last counters under `State.STOPPED`."""
        return Update(self._group.index, stamp, self._values, (State.STOPPED,) * len(_GOOD), range(len(_GOOD)))
