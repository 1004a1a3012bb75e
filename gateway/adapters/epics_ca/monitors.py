"""Monitors of one client: what waits for its socket, newest value first, bounded by the number of subscriptions.

Monitors of numbers are packed as rows, one array per group and tick (`packed_monitors`). Other events are encoded once
per value and DBR type and shared by all clients; here only the subscription id is put in.
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct

from gateway.adapters.epics_ca.connection import WRITE_BUFFER, Connection
from gateway.adapters.epics_ca.delivery import Delivery
from gateway.adapters.epics_ca.group_values import GroupValues
from gateway.adapters.epics_ca.packed_monitors import PackedMonitors
from gateway.adapters.epics_ca.row_form import RowForm
from gateway.adapters.epics_ca.values import Body, Packing, ReadOnlyValue

_SUBSCRIPTION_ID = Struct(">I")

Message = tuple[Body, ...]
"""One event, in pieces; those that are large are shared by all clients."""

_OF_ROWS: Message = ()


class Outbox:
    """Events that wait for one client. One message per subscription waits at most, and one alarm before it.

    Args:
        connection: Where they go.
        delivery: What the clients of the server have in common.
    """

    def __init__(self, connection: Connection, delivery: Delivery) -> None:
        self._connection = connection
        self._delivery = delivery
        self._pending: dict[int | PackedMonitors, Message] = {}
        """Messages by subscription; rows stand for what they have when they are drained."""
        self._packed: dict[tuple[GroupValues, RowForm], PackedMonitors] = {}
        self._alarms: dict[int, tuple[int, Message]] = {}
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
            rows = self._packed[key] = PackedMonitors(*key, self, self._delivery)
        return rows

    def put(self, subscription: int, message: Message, transition: int = -1) -> None:
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
        self._pending[rows] = _OF_ROWS
        self._schedule()

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self._delivery.flush_soon(self)

    def deliver(self) -> None:
        """See `Flushable`."""
        self._scheduled = False
        self.flush()

    def flush(self) -> None:
        """Send what waits, unless the client has to catch up first; then its socket calls again.

        What is more than the socket may keep goes out in several turns of the event loop.
        """
        if not self._pending or self._held or self._closed or not self._connection.writable:
            return
        self._connection.write(b"".join(self._first()))
        if self._pending and self._connection.writable:
            self._schedule()

    def _first(self) -> list[Body]:
        """Take what has waited longest, whole events."""
        pieces: list[Body] = []
        taken: list[int | PackedMonitors] = []
        size = 0
        for subscription, message in self._pending.items():
            taken.append(subscription)
            if isinstance(subscription, PackedMonitors):
                rows = subscription.drain()
                pieces.append(rows)
                size += len(rows)
            else:
                _severity, alarm = self._alarms.pop(subscription, (0, message))
                whole = message if alarm is message else alarm + message
                pieces += whole
                size += sum(map(len, whole))
            if size >= WRITE_BUFFER:
                break
        if len(taken) == len(self._pending):
            self._pending = {}
        else:
            for subscription in taken:
                del self._pending[subscription]
        return pieces

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

    def tell(self, header: bytes, body: Body, transition: int) -> None:
        """Take one event."""
        self.outbox.put(self.subscription, (header + self._identity, body), transition)

    def end(self) -> None:
        """Unsubscribe; what waits is not sent."""
        listeners = self.value.listeners.get(self.key, {})
        listeners.pop(self, None)
        if not listeners:
            self.value.listeners.pop(self.key, None)
        if self._rows is not None:
            self._rows.remove(self)
        self.outbox.drop(self.subscription)
