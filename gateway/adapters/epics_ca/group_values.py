"""The latest values of one group of points: the one place where they are, for whoever reads or monitors."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from operator import eq
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from gateway.adapters.epics_ca.encoding import Condition, as_double
from gateway.adapters.epics_ca.row_form import Numbers
from gateway.adapters.epics_ca.ticks import Tick, TickWatcher
from gateway.model.points import PointSpec, ValueKind
from gateway.model.quality import State
from gateway.model.value import EMPTY_ARRAY, Value

VALUE_EVENTS = 1 | 2
"""DBE_VALUE and DBE_LOG (caeventmask.h of EPICS base): with MDEL and ADEL 0, both tell of every change."""

ALARM_EVENT = 4
"""DBE_ALARM."""

Alarms = Mapping[State, tuple[int, int]]
"""State of a point to its STAT and SEVR."""

EpicsTime = tuple[int, int]
"""Seconds since 1990 and nanoseconds."""

_BLANK: dict[ValueKind, Value] = {
    ValueKind.FLOAT: 0.0,
    ValueKind.INTEGER: 0,
    ValueKind.BOOLEAN: False,
    ValueKind.TEXT: "",
}
_EXACT_BELOW = 2.0**53


class PointWatcher(Protocol):
    """Whoever wants every update of one point."""

    def take(self, events: int, transition: int) -> None:
        """The point is up to date.

        Args:
            events: DBE bits of what has changed; 0 where only the time has.
            transition: The new severity where the alarm has changed, else -1.
        """
        ...


class GroupValues:
    """Holds one group. A point without a value keeps its last one; until the first one it has a blank.

    Args:
        points: Of the group.
        alarms: How the states of its points look.
        started: Time stamp until the first update.
    """

    def __init__(self, points: Sequence[PointSpec], alarms: Alarms, started: EpicsTime) -> None:
        self.alarms = alarms
        self._size = len(points)
        self._wholes = [index for index, point in enumerate(points) if point.kind is ValueKind.INTEGER]
        self._others = [
            index for index, point in enumerate(points) if point.kind is ValueKind.TEXT or point.length is not None
        ]
        """Points whose value is not a number."""
        self._blanks = [_BLANK[point.kind] if point.length is None else EMPTY_ARRAY for point in points]
        self._values: Sequence[Value] = [None] * self._size
        self._states: Sequence[State] = [State.WAITING] * self._size
        self._times = [started] * self._size
        self._number_array: Numbers | None = None
        self._alarm_array: NDArray[np.int16] | None = None
        self._pack = struct.Struct(f">{self._size}d").pack
        self._tick_watchers: dict[TickWatcher, None] = {}
        self._point_watchers: dict[int, PointWatcher] = {}

    def __len__(self) -> int:
        return self._size

    def value(self, index: int) -> Value:
        """The last value of a point."""
        return self._known(self._values, index)

    def _known(self, values: Sequence[Value], index: int) -> Value:
        value, blank = values[index], self._blanks[index]
        if value is None:
            return blank
        return as_double(value) if type(blank) is float and not isinstance(value, str | memoryview) else value

    def is_defined(self, index: int) -> bool:
        """Whether a point has ever had a value."""
        return self._values[index] is not None

    def state(self, index: int) -> State:
        """State of a point."""
        return self._states[index]

    def condition(self, index: int) -> Condition:
        """Alarm and time of a point."""
        return Condition(*self.alarms[self._states[index]], *self._times[index])

    def apply(self, values: Sequence[Value], states: Sequence[State], changed: Sequence[int], time: EpicsTime) -> None:
        """Take what an update says of the points named in `changed`, and tell whoever watches."""
        old_values, old_states = self._values, self._states
        old_arrays: tuple[Numbers, NDArray[np.int16]] | None = None
        if self._tick_watchers:
            if not self._point_watchers and self._take_whole(values, states, changed, time):
                return
            old_arrays = self._numbers(), self._alarms()
        if len(changed) == self._size and None not in values:
            self._values, self._states, self._times = values, states, [time] * self._size
        else:
            new_values, new_states = list(old_values), list(old_states)
            for index in changed:
                value = values[index]
                if value is not None:
                    new_values[index] = value
                new_states[index] = states[index]
                self._times[index] = time
            self._values, self._states = new_values, new_states
        self._number_array = None
        if not _equal(self._states, old_states):
            self._alarm_array = None
        if old_arrays is not None:
            self._tell_ticks(old_values, *old_arrays, time)
        if self._point_watchers:
            self._tell_points(old_values, old_states, changed)

    def _take_whole(
        self, values: Sequence[Value], states: Sequence[State], changed: Sequence[int], time: EpicsTime
    ) -> bool:
        """Take the update if it brings a new number for every point and no new state, in the shortest way."""
        if self._others or len(changed) != self._size or not _equal(states, self._states):
            return False
        try:
            packed = self._pack(*values)
        except (struct.error, OverflowError):  # no value, or an integer beyond all doubles
            return False
        total = sum(values)  # type: ignore[arg-type]  # all are numbers, or they could not be packed
        if total != total or True in map(eq, values, self._values):
            return False
        self._values, self._times = values, [time] * self._size
        self._number_array = None
        tick = Tick(self._alarms(), time, packed=packed)
        for watcher in self._tick_watchers:
            watcher.take(tick)
        return True

    def _tell_ticks(
        self, old_values: Sequence[Value], old_numbers: Numbers, old_alarms: NDArray[np.int16], time: EpicsTime
    ) -> None:
        numbers, alarms = self._numbers(), self._alarms()
        changed = np.not_equal(numbers, old_numbers)
        unknown = np.isnan(numbers)
        if np.count_nonzero(unknown):
            changed &= ~(unknown & np.isnan(old_numbers))
        for index in self._wholes:  # two integers may be one double
            if abs(numbers[index]) >= _EXACT_BELOW:
                changed[index] = self._known(self._values, index) != self._known(old_values, index)
        alarms_changed: NDArray[np.bool_] | None = None
        if alarms is not old_alarms:
            differs = np.not_equal(alarms, old_alarms)
            alarms_changed = differs[0] | differs[1] if np.count_nonzero(differs) else None
        if alarms_changed is None and not np.count_nonzero(changed):
            return
        tick = Tick(alarms, time, numbers, changed, alarms_changed)
        for watcher in self._tick_watchers:
            watcher.take(tick)

    def _numbers(self) -> Numbers:
        """Values; 0 for texts, for arrays and for what is not known yet. Shape (n,)."""
        if self._number_array is None:
            numbers: Sequence[Any] = self._values
            if self._others:
                numbers = list(numbers)
                for index in self._others:
                    numbers[index] = 0.0
            if None in numbers:
                numbers = [0.0 if value is None else value for value in numbers]
            try:
                self._number_array = np.array(numbers, np.float64)
            except OverflowError:
                self._number_array = np.array([as_double(number) for number in numbers], np.float64)
        return self._number_array

    def _alarms(self) -> NDArray[np.int16]:
        """Status and severity; shape (2, n)."""
        if self._alarm_array is None:
            alarms = self.alarms
            self._alarm_array = np.array([alarms[state] for state in self._states], np.int16).reshape(-1, 2).T
        return self._alarm_array

    def _tell_points(self, old_values: Sequence[Value], old_states: Sequence[State], changed: Sequence[int]) -> None:
        for index in changed:
            watcher = self._point_watchers.get(index)
            if watcher is None:
                continue
            events, transition = 0, -1
            old, new = old_states[index], self._states[index]
            if old is not new and self.alarms[old] != self.alarms[new]:
                events, transition = ALARM_EVENT, self.alarms[new][1]
            if is_another(self._known(old_values, index), self._known(self._values, index)):
                events |= VALUE_EVENTS
            watcher.take(events, transition)

    def watch_ticks(self, watcher: TickWatcher) -> None:
        """Tell the watcher of every tick until `forget_ticks`."""
        self._tick_watchers[watcher] = None

    def forget_ticks(self, watcher: TickWatcher) -> None:
        """No longer tell the watcher."""
        self._tick_watchers.pop(watcher, None)

    def watch(self, index: int, watcher: PointWatcher) -> None:
        """Tell the watcher, the only one of its point, of every update until `forget`."""
        self._point_watchers[index] = watcher

    def forget(self, index: int) -> None:
        """No longer tell the watcher of a point."""
        self._point_watchers.pop(index, None)


def _equal(new: Sequence[State], old: Sequence[State]) -> bool:
    return new is old or list(new) == list(old)


def is_another(old: Value, new: Value) -> bool:
    """Whether a value is another; NaN after NaN is not, and an array is if it was delivered anew."""
    if isinstance(new, memoryview):
        return old is not new
    return old != new and (old == old or new == new)
