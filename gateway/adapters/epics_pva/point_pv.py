"""The PV of one point: NTScalar, NTScalarArray or NTEnum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from p4p import Value

from gateway.adapters.epics_pva.last_values import LastValues, Shown
from gateway.adapters.epics_pva.normative_types import (
    CHOICES,
    VALUE_FIELD,
    AlarmLook,
    metadata,
    point_type,
    stamp_fields,
)
from gateway.adapters.epics_pva.puts import Puts
from gateway.adapters.epics_pva.watched_pv import WatchedPv
from gateway.model.points import PointGroup
from gateway.model.quality import State
from gateway.model.value import Value as ModelValue


class PointPv(WatchedPv):
    """One point of a group.

    Args:
        group: The group.
        index: Place of the point in it.
        last: Values of the group.
        looks: How its states look.
        puts: Where puts go.
        choices: What the two states of a flag are called.
    """

    def __init__(
        self,
        group: PointGroup,
        index: int,
        last: LastValues,
        looks: Mapping[State, AlarmLook],
        puts: Puts,
        choices: Sequence[str] = CHOICES,
    ) -> None:
        super().__init__(last, puts)
        self._group = group
        self._index = index
        self._looks = looks
        self._field = VALUE_FIELD[group.points[index].kind]
        self._choices = choices
        self._type = point_type(group.points[index])
        self._change: Value | None = None

    def whole(self, shown: Shown) -> Value:
        """Value, alarm, time stamp and metadata."""
        index, point = self._index, self._group.points[self._index]
        content = metadata(point, self._group.quality, self._choices)
        content |= {
            self._field: engine_value(shown.values[index]),
            "alarm": self._looks[shown.states[index]].fields(),
            "timeStamp": stamp_fields(shown.stamps[index]),
        }
        return Value(self._type, content)

    def change(self, before: Shown, now: Shown) -> Value | None:
        """The time stamp, and value and alarm where they have changed; one structure serves for all posts."""
        index = self._index
        value, state, unix_us = now.values[index], now.states[index], now.stamps[index]
        is_new = value is not before.values[index] and value != before.values[index]
        if not is_new and state is before.states[index] and unix_us == before.stamps[index]:
            return None
        change = self._change
        if change is None:
            change = self._change = Value(self._type)
        change.unmark()
        if is_new:
            change[self._field] = engine_value(value)
        if state is not before.states[index]:
            look = self._looks[state]
            if look != self._looks[before.states[index]]:
                change["alarm"] = look.fields()
        seconds, microseconds = divmod(unix_us, 1_000_000)
        change["timeStamp.secondsPastEpoch"] = seconds
        change["timeStamp.nanoseconds"] = microseconds * 1000
        return change


def engine_value(value: ModelValue) -> Any:  # noqa: ANN401  what the engine takes
    """The value as the engine takes it; an array without a copy."""
    return np.asarray(value) if isinstance(value, memoryview) else value
