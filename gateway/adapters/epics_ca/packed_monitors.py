"""Monitors of one client on one group, in one DBR type: their events are rows of one array, filled in once per tick.

Headers, types and subscription ids stand; status, severity, time and value are put in. A row that has not been sent
yet when the next event fills it is the newest event of its subscription: the older one is gone, unless it was the
beginning of an alarm.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from gateway.adapters.epics_ca.group_values import ALARM_EVENT, VALUE_EVENTS, GroupValues, Tick
from gateway.adapters.epics_ca.row_form import RowForm

Rows = NDArray[np.bool_]


class Member(Protocol):
    """One subscription."""

    @property
    def subscription(self) -> int:
        """The client's subscription id."""
        ...

    @property
    def mask(self) -> int:
        """DBE bits asked for."""
        ...


class Sender(Protocol):
    """The client."""

    coalesced: int

    def wake(self, rows: PackedMonitors) -> None:
        """There is something to drain."""
        ...

    def withdraw(self, subscription: int) -> bool:
        """Forget what waits for a subscription on its own; False where nothing does."""
        ...


class PackedMonitors:
    """Rows for monitors that are alike, in the order of their points.

    Args:
        group: What they watch.
        form: Form of their rows.
        sender: Where they go.
    """

    def __init__(self, group: GroupValues, form: RowForm, sender: Sender) -> None:
        self._group = group
        self._form = form
        self._sender = sender
        self._row_of: dict[Member, int] = {}
        """Row of each monitor; -1 for one that has none yet."""
        self._members: list[Member] = []
        """Monitor of each row, those that have gone since included."""
        self._coming: dict[Member, tuple[int, bytes]] = {}
        self._has_gone = False
        self._kept: dict[Member, tuple[int, bytes]] = {}
        """Severity and message of alarms that newer events have replaced."""
        self._raw: NDArray[np.void] = np.zeros(0, f"V{form.row.itemsize}")
        self._rows: NDArray[Any] = self._raw.view(form.row)
        self._places: NDArray[np.intp] = np.zeros(0, np.intp)
        self._wants_value: Rows = np.zeros(0, np.bool_)
        self._wants_alarm: Rows = np.zeros(0, np.bool_)
        self._due: Rows = np.zeros(0, np.bool_)
        self._is_due = False
        self._begun: NDArray[np.int16] = np.zeros(0, np.int16)
        """Severity of the alarm that begins with the event that is due in each row; 0 for none."""
        self._has_begun = False

    def add(self, member: Member, place: int, first: bytes) -> None:
        """Take a monitor in.

        Args:
            member: The monitor.
            place: Its point's place in the group.
            first: Its first event, which the client gets on its own unless a tick comes sooner.
        """
        if not self._row_of:
            self._group.watch_ticks(self)
        self._row_of[member] = -1
        self._coming[member] = place, first

    def remove(self, member: Member) -> None:
        """Let a monitor go, with what is due of it."""
        row = self._row_of.pop(member)
        self._coming.pop(member, None)
        self._kept.pop(member, None)
        if row >= 0:
            self._due[row] = self._wants_value[row] = self._wants_alarm[row] = False
            self._has_gone = True
        if not self._row_of:
            self._group.forget_ticks(self)

    def __len__(self) -> int:
        return len(self._row_of)

    def take(self, tick: Tick) -> None:
        """See `TickWatcher`."""
        if self._coming or self._has_gone:
            self._settle()
        due = tick.values_changed[self._places] & self._wants_value
        if tick.alarms_changed is not None:
            due |= tick.alarms_changed[self._places] & self._wants_alarm
        count = int(np.count_nonzero(due))
        if not count:
            return
        if self._is_due:
            self._give_way(due)
        self._fill(tick, slice(None) if count == len(due) else np.flatnonzero(due))
        self._due |= due
        if not self._is_due:
            self._is_due = True
            self._sender.wake(self)

    def _give_way(self, due: Rows) -> None:
        replaced = self._due & due
        self._sender.coalesced += int(np.count_nonzero(replaced))
        if not self._has_begun:
            return
        for row in np.flatnonzero(replaced & (self._begun > 0)):
            member, severity = self._members[row], int(self._begun[row])
            kept = self._kept.get(member)
            if kept is None or severity >= kept[0]:
                self._kept[member] = severity, self._raw[row].tobytes()

    def _fill(self, tick: Tick, rows: slice | NDArray[np.intp]) -> None:
        places = self._places[rows]
        target = self._rows
        target["value"][rows] = self._form.converted(tick.numbers[places])
        if self._form.has_alarm:
            target["status"][rows] = tick.status[places]
            target["severity"][rows] = tick.severity[places]
        if self._form.has_time:
            target["seconds"][rows], target["nanoseconds"][rows] = tick.time
        if tick.alarms_changed is not None:
            self._begun[rows] = np.where(tick.alarms_changed[places], tick.severity[places], 0)
            self._has_begun = True
        elif self._has_begun:
            self._begun[rows] = 0

    def drain(self) -> bytes:
        """Everything that is due; nothing is due then."""
        due = self._due
        if self._kept:
            data = self._with_alarms()
        elif np.count_nonzero(due) == len(due):
            data = self._raw.tobytes()
        else:
            data = self._raw[due].tobytes()
        due[:] = False
        self._is_due = False
        if self._has_begun:
            self._begun[:] = 0
            self._has_begun = False
        return data

    def _with_alarms(self) -> bytes:
        """Before the newest event of a monitor, the worst alarm that it has replaced, unless it is as bad itself."""
        messages: list[bytes] = []
        for row in np.flatnonzero(self._due):
            kept = self._kept.get(self._members[row])
            if kept is not None and self._begun[row] < kept[0]:
                messages.append(kept[1])
            messages.append(self._raw[row].tobytes())
        self._kept.clear()
        return b"".join(messages)

    def _settle(self) -> None:
        """Make rows of the monitors as they are now; first events that still wait become due in their rows."""
        stay = [row for row in self._row_of.values() if row >= 0]
        members = [member for member, row in self._row_of.items() if row >= 0] + list(self._coming)
        coming = list(self._coming.values())
        waiting = [self._sender.withdraw(member.subscription) for member in self._coming]
        masks = np.array([member.mask for member in members], np.int64)
        first = np.frombuffer(b"".join(message for _place, message in coming), self._raw.dtype)
        places = np.concatenate((self._places[stay], np.array([place for place, _message in coming], np.intp)))
        order = np.argsort(places, kind="stable")
        self._places = places[order]
        self._raw = np.concatenate((self._raw[stay], first))[order]
        self._rows = self._raw.view(self._form.row)
        self._wants_value = (masks & VALUE_EVENTS != 0)[order]
        self._wants_alarm = (masks & ALARM_EVENT != 0)[order]
        self._due = np.concatenate((self._due[stay], np.array(waiting, np.bool_)))[order]
        self._begun = np.concatenate((self._begun[stay], np.zeros(len(coming), np.int16)))[order]
        self._members = [members[row] for row in order]
        self._row_of = {member: row for row, member in enumerate(self._members)}
        self._coming = {}
        self._has_gone = False
        if any(waiting) and not self._is_due:
            self._is_due = True
            self._sender.wake(self)
