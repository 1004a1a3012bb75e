"""Monitors of one client: what waits for its socket, newest value first, bounded by the number of subscriptions.

Monitors of numbers are packed as rows, one array per group and tick (`packed_monitors`). Other events are encoded once
per value and DBR type and shared by all clients; here only the subscription id is put in.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from struct import Struct

from gateway.adapters.epics_ca.connection import Connection
from gateway.adapters.epics_ca.group_values import GroupValues
from gateway.adapters.epics_ca.packed_monitors import PackedMonitors
from gateway.adapters.epics_ca.row_form import RowForm
from gateway.adapters.epics_ca.values import Packing, ReadOnlyValue

_SUBSCRIPTION_ID = Struct(">I")


class Outbox:
    """Events that wait for one client. One message per subscription waits at most, and one alarm before it.

    Args:
        connection: Where they go.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._pending: dict[int | PackedMonitors, bytes] = {}
        """Messages by subscription; rows stand for what they have when they are drained."""
        self._packed: dict[tuple[GroupValues, RowForm], PackedMonitors] = {}
        self._alarms: dict[int, tuple[int, bytes]] = {}
        self._scheduled = False
        self._closed = False
        self._held = False
        self.coalesced = 0
        """Events that gave way to newer ones before they were sent."""
        connection.on_writable = self.flush

    def packed(self, packing: Packing) -> PackedMonitors:
        """The rows that monitors of that group and form share."""
        key = packing.values, packing.form
        rows = self._packed.get(key)
        if rows is None:
            rows = self._packed[key] = PackedMonitors(*key, self)
        return rows

    def put(self, subscription: int, message: bytes, transition: int = -1) -> None:
        """Queue an event; an older one of the same subscription gives way.

        A worse alarm that was not sent yet is sent before the newest event, so that a short alarm is not lost on a
        slow client.

        Args:
            subscription: The client's subscription id.
            message: The complete event.
            transition: The new severity where the alarm has changed, else -1.
        """
        pending = self._pending
        if subscription in pending:
            self.coalesced += 1
        if transition > 0:
            kept = self._alarms.get(subscription)
            if kept is None or transition >= kept[0]:
                self._alarms[subscription] = transition, message
        pending[subscription] = message
        self._schedule()

    def wake(self, rows: PackedMonitors) -> None:
        """Queue what rows have due; see `Sender`."""
        self._pending[rows] = b""
        self._schedule()

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._flush_soon)

    def _flush_soon(self) -> None:
        self._scheduled = False
        self.flush()

    def flush(self) -> None:
        """Send what waits, unless the client has to catch up first; then its socket calls again."""
        if not self._pending or self._held or self._closed or not self._connection.writable:
            return
        pending, self._pending = self._pending, {}
        alarms, self._alarms = self._alarms, {}
        messages: list[bytes] = []
        for subscription, message in pending.items():
            if isinstance(subscription, PackedMonitors):
                messages.append(subscription.drain())
                continue
            if alarms and subscription in alarms and alarms[subscription][1] is not message:
                messages.append(alarms[subscription][1])
            messages.append(message)
        self._connection.write(b"".join(messages))

    def hold(self, *, held: bool) -> None:
        """Obey the client's EventsOff and EventsOn."""
        self._held = held
        self.flush()

    def drop(self, subscription: int) -> None:
        """Forget what waits for a subscription that is no more."""
        self.withdraw(subscription)

    def withdraw(self, subscription: int) -> bool:
        """Forget what waits for a subscription on its own; False where nothing does. See `Sender`."""
        self._alarms.pop(subscription, None)
        return self._pending.pop(subscription, None) is not None

    def close(self) -> None:
        """Forget everything; nothing is sent from now on."""
        self._closed = True
        self._pending.clear()
        self._alarms.clear()


@dataclass(eq=False, slots=True)
class Monitor:
    """One subscription without a filter.

    Attributes:
        value: What is monitored.
        key: DBR type and number of elements asked for.
        subscription: The client's subscription id.
        mask: DBE bits asked for.
        outbox: The client.
    """

    value: ReadOnlyValue
    key: tuple[int, int]
    subscription: int
    mask: int
    outbox: Outbox
    _identity: bytes = b""
    _rows: PackedMonitors | None = None

    def begin(self) -> None:
        """Subscribe, and send the present value as the first event."""
        self._identity = _SUBSCRIPTION_ID.pack(self.subscription)
        self.value.listeners.setdefault(self.key, {})[self] = self
        header, body = self.value.event(*self.key)
        self.tell(header, body, -1)
        packing = self.value.packing(self.key[0])
        if packing is None:
            self.value.watch()
        else:
            self._rows = self.outbox.packed(packing)
            self._rows.add(self, packing.index, header + self._identity + body)

    def tell(self, header: bytes, body: bytes, transition: int) -> None:
        """Take one event."""
        self.outbox.put(self.subscription, header + self._identity + body, transition)

    def end(self) -> None:
        """Unsubscribe; what waits is not sent."""
        listeners = self.value.listeners.get(self.key, {})
        listeners.pop(self, None)
        if not listeners:
            self.value.listeners.pop(self.key, None)
        if self._rows is not None:
            self._rows.remove(self)
        self.outbox.drop(self.subscription)
