"""What one group of points shows, kept so that the threads of the engine can look at it at any moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from gateway.errors import AdapterError
from gateway.model.points import PointGroup, PointSpec, ValueKind
from gateway.model.quality import State
from gateway.model.update import Update
from gateway.model.value import EMPTY_ARRAY, Value

_ACCEPTS: dict[ValueKind, frozenset[type]] = {
    ValueKind.FLOAT: frozenset({float, int}),
    ValueKind.INTEGER: frozenset({int}),
    ValueKind.BOOLEAN: frozenset({bool}),
    ValueKind.TEXT: frozenset({str}),
}
_UNKNOWN: dict[ValueKind, Value] = {
    ValueKind.FLOAT: 0.0,
    ValueKind.INTEGER: 0,
    ValueKind.BOOLEAN: False,
    ValueKind.TEXT: "",
}
"""What a PV holds before its first value, as a record of EPICS base."""

_ARRAYS = frozenset({memoryview})


def _unknown(point: PointSpec) -> Value:
    return _UNKNOWN[point.kind] if point.length is None else EMPTY_ARRAY


@dataclass(frozen=True, slots=True)
class Shown:
    """All points of a group after one Update; nothing in it ever changes.

    Attributes:
        values: Last value of each point; as everywhere in EPICS, it stays when nothing is known any more.
        states: State of each point.
        stamps: When each point was last written, UTC in microseconds since 1970.
    """

    values: Sequence[Value]
    states: Sequence[State]
    stamps: Sequence[int]


class Follower(Protocol):
    """A PV that shows values of a group."""

    def refresh(self) -> None:
        """Post what has changed."""
        ...


class LastValues:
    """The last values of a group. Written on the event loop, read by any thread: `shown` is replaced as a whole.

    Args:
        group: The points.
        started_us: Time stamp until the first update, in microseconds since 1970.

    Attributes:
        shown: What clients should see now.
        watched: PVs to which clients are connected; threads of the engine add and discard them.
        due: Whether changes wait to be posted.
    """

    def __init__(self, group: PointGroup, started_us: int) -> None:
        self._group = group
        self._accepts = [_ACCEPTS[point.kind] if point.length is None else _ARRAYS for point in group.points]
        self.watched: set[Follower] = set()
        self.due = False
        count = len(group.points)
        self.shown = Shown([*map(_unknown, group.points)], [State.WAITING] * count, [started_us] * count)

    def take(self, update: Update) -> None:
        """Take one Update.

        Raises:
            AdapterError: A value is not of the kind announced; then nothing of the update is taken.
        """
        before = self.shown
        accepts, stamps, unix_us = self._accepts, [*before.stamps], update.stamp.unix_us
        for index in update.changed:
            value = update.values[index]
            if value is not None and type(value) not in accepts[index]:
                raise self._wrong_kind(index, value)
            stamps[index] = unix_us
        values = [*update.values]
        if None in values:
            values = [old if new is None else new for old, new in zip(before.values, values, strict=True)]
        self.shown = Shown(values, [*update.states], stamps)

    def _wrong_kind(self, index: int, value: Value) -> AdapterError:
        point = self._group.points[index]
        return AdapterError(
            f"{value!r} cannot be shown as {point.kind if point.length is None else 'array of numbers'}",
            where=f"{self._group.device}/{point.browse_path}",
            hint="the driver must deliver the kind it announced: report this as a bug of the driver",
        )
