"""Rows of one DBR type for all points of a group, filled in once per tick for all clients.

What clients have in common is done once: the rows themselves, and for those who watch the same points with the same
masks also which rows are due. A client copies the rows, and puts in its own subscription ids.
"""

from __future__ import annotations

from struct import Struct
from typing import Protocol
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from gateway.adapters.epics_ca.group_values import GroupValues
from gateway.adapters.epics_ca.row_form import HEADER_SIZE, RowForm
from gateway.adapters.epics_ca.ticks import Tick
from gateway.adapters.epics_ca.values import EVENT_ADD, EVENT_HEADER, NORMAL

Rows = NDArray[np.bool_]
_NANOSECONDS = Struct(">I")


def octets(rows: NDArray[np.void]) -> memoryview:
    """The memory of rows, byte by byte."""
    return rows.view(np.uint8).data


class News:
    """What a tick brings to whoever watches the same points. Never changed once made.

    Attributes:
        raw: Rows as they are now, without subscription ids. Shape (n,).
        octets: The same memory, byte by byte.
        due: Which of them are news. Shape (n,).
        rows: Their numbers; None for all.
        begun: Severity of the alarm that begins with each row, 0 for none; None where there is none at all. Shape (n,).
    """

    __slots__ = ("begun", "due", "octets", "raw", "rows")

    def __init__(
        self,
        raw: NDArray[np.void],
        due: Rows,
        rows: NDArray[np.intp] | None,
        begun: NDArray[np.int16] | None,
    ) -> None:
        self.raw = raw
        self.octets = octets(raw)
        self.due = due
        self.rows = rows
        self.begun = begun


class Selection:
    """Rows that at least one client has, in the order of their points.

    Args:
        places: Places of the points in the group. Shape (n,).
        wants_value: Which rows are for clients who ask for values. Shape (n,).
        wants_alarm: Which are for those who ask for alarms. Shape (n,).
        size: Points of the group.
    """

    def __init__(self, places: NDArray[np.intp], wants_value: Rows, wants_alarm: Rows, size: int) -> None:
        self.places = places
        self._wants_value = wants_value
        self._wants_alarm = wants_alarm
        self._is_whole = len(places) == size and bool(np.array_equal(places, np.arange(size)))
        self._wants_all_values = bool(wants_value.all())
        self._tick: Tick | None = None
        self._news: News | None = None
        self._whole: News | None = None
        """News that everything is new: the rows of the group are always the same memory."""

    def news(self, tick: Tick, raw: NDArray[np.void]) -> News | None:
        """What the tick brings; None for nothing.

        Args:
            tick: The tick.
            raw: Rows of all points of the group.
        """
        if tick is not self._tick:
            self._tick = tick
            self._news = self._look(tick, raw)
        return self._news

    def _look(self, tick: Tick, raw: NDArray[np.void]) -> News | None:
        if tick.packed is not None and self._is_whole and self._wants_all_values:
            if self._whole is None:
                self._whole = News(raw, np.ones(len(raw), np.bool_), None, None)
            return self._whole
        places = self.places
        due = tick.values_changed if self._is_whole else tick.values_changed[places]
        if not self._wants_all_values:
            due = due & self._wants_value
        begun: NDArray[np.int16] | None = None
        if tick.alarms_changed is not None:
            changed = tick.alarms_changed[places]
            due = due | (changed & self._wants_alarm)
            begun = np.where(changed, tick.alarms[1][places], 0)
        count = int(np.count_nonzero(due))
        if not count:
            return None
        rows = None if count == len(due) else np.flatnonzero(due)
        return News(raw if self._is_whole else raw[places], due, rows, begun)


class Follower(Protocol):
    """Whoever wants rows of every tick."""

    def take(self, tick: Tick, raw: NDArray[np.void]) -> None:
        """A new tick, and the rows of all points. Never suspends."""
        ...


class FormRows:
    """Rows of all points of one group; see `TickWatcher`.

    Args:
        group: The points.
        form: Form of the rows.
    """

    def __init__(self, group: GroupValues, form: RowForm) -> None:
        self._group = group
        self._form = form
        self._followers: dict[Follower, None] = {}
        self._selections: WeakValueDictionary[tuple[bytes, ...], Selection] = WeakValueDictionary()
        size = form.row.itemsize
        blank = EVENT_HEADER.pack(EVENT_ADD, size - HEADER_SIZE, form.dbr_type, 1, NORMAL).ljust(size, b"\0")
        self._raw: NDArray[np.void] = np.frombuffer(bytearray(blank * len(group)), f"V{size}")
        rows = self._raw.view(form.row)
        self._fields = {name: rows[name] for name in form.row.names or ()}
        self._doubles, self._nanoseconds = form.views(octets(self._raw))
        self._alarms: NDArray[np.int16] | None = None
        self._seconds = -1

    def follow(self, follower: Follower) -> None:
        """Tell the follower of every tick until `forget`."""
        if not self._followers:
            self._group.watch_ticks(self)
        self._followers[follower] = None

    def forget(self, follower: Follower) -> bool:
        """No longer tell the follower; whether somebody else follows."""
        self._followers.pop(follower, None)
        if not self._followers:
            self._group.forget_ticks(self)
        return bool(self._followers)

    def selection(self, places: NDArray[np.intp], wants_value: Rows, wants_alarm: Rows) -> Selection:
        """What all who watch these points with these masks share."""
        key = places.tobytes(), wants_value.tobytes(), wants_alarm.tobytes()
        found = self._selections.get(key)
        if found is None:
            found = self._selections[key] = Selection(places, wants_value, wants_alarm, len(self._group))
        return found

    def take(self, tick: Tick) -> None:
        """See `TickWatcher`."""
        self._fill(tick)
        for follower in self._followers:
            follower.take(tick, self._raw)

    def _fill(self, tick: Tick) -> None:
        fields = self._fields
        if self._doubles is None or tick.packed is None:
            fields["value"][:] = self._form.converted(tick.numbers)
        else:
            self._doubles[:] = memoryview(tick.packed).cast("d")
        if self._form.has_alarm and tick.alarms is not self._alarms:
            self._alarms = tick.alarms
            fields["status"][:], fields["severity"][:] = tick.alarms
        if self._nanoseconds is not None:
            seconds, nanoseconds = tick.time
            if seconds != self._seconds:
                self._seconds = seconds
                fields["seconds"][:] = seconds
            self._nanoseconds[:] = memoryview(_NANOSECONDS.pack(nanoseconds) * len(self._raw)).cast("I")
