"""Monitors of one client on one group, in one DBR type: their events are rows of one array, filled in once per tick.

Headers, types and subscription ids stand; status, severity, time and value are put in. A row that has not been sent
yet when the next event fills it is the newest event of its subscription: the older one is gone, unless it was the
beginning of an alarm.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gateway.adapters.epics_ca.delivery import Delivery
from gateway.adapters.epics_ca.form_rows import FormRows, Rows, Selection, octets
from gateway.adapters.epics_ca.group_values import ALARM_EVENT, VALUE_EVENTS, GroupValues
from gateway.adapters.epics_ca.row_form import HEADER_SIZE, RowForm
from gateway.adapters.epics_ca.ticks import Tick


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
        delivery: Where rows come from.
    """

    def __init__(self, group: GroupValues, form: RowForm, sender: Sender, delivery: Delivery) -> None:
        self._group = group
        self._form = form
        self._sender = sender
        self._delivery = delivery
        self._source: FormRows | None = None
        self._selection: Selection | None = None
        self._row_of: dict[Member, int] = {}
        """Row of each monitor; -1 for one that has none yet."""
        self._members: list[Member] = []
        """Monitor of each row, those that have gone since included."""
        self._coming: dict[Member, tuple[int, bytes]] = {}
        self._has_gone = False
        self._kept: dict[Member, tuple[int, bytes]] = {}
        """Severity and message of alarms that newer events have replaced."""
        self._raw: NDArray[np.void] = np.zeros(0, f"V{form.row.itemsize}")
        self._octets = octets(self._raw)
        """The same, byte by byte."""
        self._subscriptions = self._octets.cast("I")
        """Subscription ids in the rows."""
        self._identities = self._subscriptions
        """Subscription ids to put there."""
        self._places: NDArray[np.intp] = np.zeros(0, np.intp)
        self._due: Rows = np.zeros(0, np.bool_)
        self._is_due = False
        self._all_due = False
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
        if self._source is None:
            self._source = self._delivery.follow(self._group, self._form, self)
        self._row_of[member] = -1
        self._coming[member] = place, first

    def remove(self, member: Member) -> None:
        """Let a monitor go, with what is due of it."""
        row = self._row_of.pop(member)
        self._coming.pop(member, None)
        self._kept.pop(member, None)
        if row >= 0:
            self._write_due()
            self._due[row] = False
            self._has_gone = True
        if not self._row_of:
            self._source = None
            self._delivery.forget(self._group, self._form, self)

    def __len__(self) -> int:
        return len(self._row_of)

    def take(self, tick: Tick, raw: NDArray[np.void]) -> None:
        """See `Follower`."""
        if self._coming or self._has_gone or self._selection is None:
            self._selection = self._settle()
        news = self._selection.news(tick, raw)
        if news is None:
            return
        rows = news.rows
        if self._is_due:
            self._write_due()
            self._give_way(news.due)
            if rows is None:
                self._due.fill(False)
        if rows is None:
            self._octets[:] = news.octets
            self._all_due = True
        else:
            self._raw[rows] = news.raw[rows]
            self._due[rows] = True
        self._subscriptions[:] = self._identities
        if news.begun is not None:
            np.copyto(self._begun, news.begun, where=news.due)
            self._has_begun = True
        elif self._has_begun:
            self._begun[news.due] = 0
        if not self._is_due:
            self._is_due = True
            self._sender.wake(self)

    def _write_due(self) -> None:
        """From now on only the array says what is due."""
        if self._all_due:
            self._all_due = False
            self._due.fill(True)

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

    def drain(self) -> bytes:
        """Everything that is due; nothing is due then."""
        if self._all_due and not self._kept:
            data = self._octets.tobytes()
        else:
            self._write_due()
            data = self._with_alarms() if self._kept else self._raw[self._due].tobytes()
            self._due.fill(False)
        self._is_due = self._all_due = False
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

    def _settle(self) -> Selection:
        """Make rows of the monitors as they are now; first events that still wait become due in their rows."""
        self._write_due()
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
        self._octets = octets(self._raw)
        self._subscriptions = self._octets.cast("I")[HEADER_SIZE // 4 - 1 :: self._form.row.itemsize // 4]
        self._identities = memoryview(self._subscriptions.tobytes()).cast("I")
        self._due = np.concatenate((self._due[stay], np.array(waiting, np.bool_)))[order]
        self._begun = np.concatenate((self._begun[stay], np.zeros(len(coming), np.int16)))[order]
        self._members = [members[row] for row in order]
        self._row_of = {member: row for row, member in enumerate(self._members)}
        self._coming = {}
        self._has_gone = False
        if any(waiting) and not self._is_due:
            self._is_due = True
            self._sender.wake(self)
        assert self._source is not None  # noqa: S101  it is where the tick comes from
        wants = masks[order]
        return self._source.selection(self._places, wants & VALUE_EVENTS != 0, wants & ALARM_EVENT != 0)
