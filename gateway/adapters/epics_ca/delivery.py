"""What the clients of one server have in common: the rows of each tick, and one flush for all of them."""

from __future__ import annotations

import asyncio
from typing import Protocol

from gateway.adapters.epics_ca.form_rows import Follower, FormRows
from gateway.adapters.epics_ca.group_values import GroupValues
from gateway.adapters.epics_ca.row_form import RowForm


class Flushable(Protocol):
    """Something that waits for one client."""

    def deliver(self) -> None:
        """Send it."""
        ...


class Delivery:
    """Rows for all who watch, and a flush once the present turn of the event loop, in which a tick comes, is over."""

    def __init__(self) -> None:
        self._rows: dict[tuple[GroupValues, RowForm], FormRows] = {}
        self._waiting: list[Flushable] = []

    def follow(self, group: GroupValues, form: RowForm, follower: Follower) -> FormRows:
        """Tell the follower of every tick of a group, in rows of that form, until `forget`."""
        rows = self._rows.get((group, form))
        if rows is None:
            rows = self._rows[group, form] = FormRows(group, form)
        rows.follow(follower)
        return rows

    def forget(self, group: GroupValues, form: RowForm, follower: Follower) -> None:
        """No longer tell the follower."""
        if not self._rows[group, form].forget(follower):
            del self._rows[group, form]

    def flush_soon(self, outbox: Flushable) -> None:
        """Flush an outbox in the next turn; it is listed until then."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._flush)
        self._waiting.append(outbox)

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        for outbox in waiting:
            outbox.deliver()
