"""The PV of one point: NTScalar or NTEnum."""

from __future__ import annotations

from collections.abc import Mapping

from p4p import Value

from gateway.adapters.epics_pva.last_values import LastValues, Shown
from gateway.adapters.epics_pva.normative_types import (
    TYPES,
    VALUE_FIELD,
    AlarmLook,
    metadata,
    stamp_fields,
)
from gateway.adapters.epics_pva.watched_pv import WatchedPv
from gateway.model.points import PointGroup
from gateway.model.quality import State


class PointPv(WatchedPv):
    """One point of a group.

    Args:
        group: The group.
        index: Place of the point in it.
        last: Values of the group.
        looks: How its states look.
    """

    def __init__(self, group: PointGroup, index: int, last: LastValues, looks: Mapping[State, AlarmLook]) -> None:
        super().__init__(last)
        self._group = group
        self._index = index
        self._looks = looks
        self._field = VALUE_FIELD[group.points[index].kind]
        self._change: Value | None = None

    def whole(self, shown: Shown) -> Value:
        """Value, alarm, time stamp and metadata."""
        index, point = self._index, self._group.points[self._index]
        content = metadata(point, self._group.quality)
        content |= {
            self._field: shown.values[index],
            "alarm": self._looks[shown.states[index]].fields(),
            "timeStamp": stamp_fields(shown.stamps[index]),
        }
        return Value(TYPES[point.kind], content)

    def tell(self, before: Shown, now: Shown) -> None:
        """Post the time stamp, and value and alarm where they have changed; one structure serves for all posts."""
        index = self._index
        change = self._change
        if change is None:
            change = self._change = Value(TYPES[self._group.points[index].kind])
        change.unmark()
        value = now.values[index]
        if value != before.values[index]:
            change[self._field] = value
        state = now.states[index]
        if state is not before.states[index]:
            look, old = self._looks[state], self._looks[before.states[index]]
            if look != old:
                change["alarm"] = look.fields()
        seconds, microseconds = divmod(now.stamps[index], 1_000_000)
        change["timeStamp.secondsPastEpoch"] = seconds
        change["timeStamp.nanoseconds"] = microseconds * 1000
        self.shared.post(change)
