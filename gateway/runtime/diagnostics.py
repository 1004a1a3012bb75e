"""The acquisition counters on their way to the clients, as ordinary Updates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter

from gateway.model.diagnostics import Counter
from gateway.model.points import PointGroup
from gateway.model.quality import State
from gateway.model.stamp import Stamp
from gateway.model.update import Update
from gateway.model.value import Value
from gateway.runtime.driver_faults import DriverFaults


class CounterProjector:
    """Turns live counters into Updates of one group of points.

    Args:
        group: The group.
        table: Its rows, in the order of its points.
        source: The object that has the attributes of the rows.
    """

    def __init__(self, group: PointGroup, table: Sequence[Counter], source: object) -> None:
        self._group = group
        self._read = [attrgetter(counter.attribute) for counter in table]
        self._source = source
        self._values: tuple[Value, ...] = (None,) * len(table)
        self._faults = DriverFaults(group.device)

    def project(self, stamp: Stamp) -> Update:
        """The counters now; only those that moved are marked as changed. What cannot be read shows nothing."""
        values = tuple(self._value(read) for read in self._read)
        changed = [index for index, (new, old) in enumerate(zip(values, self._values, strict=True)) if new != old]
        self._values = values
        states = [State.WAITING if value is None else State.GOOD for value in values]
        return Update(self._group.index, stamp, values, states, changed)

    def _value(self, read: Callable[[object], Value]) -> Value:
        try:
            return read(self._source)
        except Exception as error:  # noqa: BLE001  a driver's own counters must not stop those of the others
            self._faults.reported(error)
            return None

    def stop(self, stamp: Stamp) -> Update:
        """The last counters under `State.STOPPED`."""
        count = len(self._values)
        return Update(self._group.index, stamp, self._values, (State.STOPPED,) * count, range(count))
