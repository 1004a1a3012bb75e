"""The queue of one monitored item on events (OPC 10000-4 section 5.13.1.4)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from asyncua import ua
from asyncua.ua.ua_binary import struct_to_binary

from gateway.adapters.opcua.events.event import Event
from gateway.adapters.opcua.events.event_filter import EventFilter
from gateway.adapters.opcua.events.queue_overflow import queue_overflow
from gateway.adapters.opcua.notifications.item import Item
from gateway.model.role import Role


class EventQueue:
    """Events that one item wants.

    Args:
        item: The item.
        wanted: Which events, and which of their fields.
        role: Role of the session at the moment.
        wake: Called when there is something to publish.
    """

    def __init__(
        self, item: Item, wanted: EventFilter, role: Callable[[], Role], wake: Callable[[EventQueue], None]
    ) -> None:
        self._item = item
        self.wanted = wanted
        self._role = role
        self._wake = wake
        self._deafen: Callable[[], None] = lambda: None
        self._waiting: deque[list[ua.Variant]] = deque()
        self._lost: list[ua.Variant] | None = None
        self.dropped: Callable[[], None] = lambda: None
        """Called when the full queue has dropped an event."""

    @property
    def item_id(self) -> int:
        """MonitoredItemId."""
        return self._item.item_id

    @property
    def notifier(self) -> ua.NodeId:
        """The node that it watches."""
        node_id: ua.NodeId = self._item.target.NodeId
        return node_id

    def listen(self, deafen: Callable[[], None]) -> None:
        """Events come from now on, until `deafen` is called when the item goes."""
        self._deafen = deafen

    def deliver(self, event: Event) -> None:
        """Take an event that passes the filter. When there are too many, one goes, and the client will hear of that."""
        if self._item.mode == ua.MonitoringMode.Disabled or not self._role().includes(event.audience):
            return
        fields = self.wanted.select(event)
        if fields is None:
            return
        if len(self._waiting) >= self._item.queue_size:
            self.dropped()
            if self._lost is None:
                self._lost = self.wanted.fields(queue_overflow())
            if self._item.discard_oldest:
                self._waiting.popleft()
            else:
                self._waiting.pop()
        self._waiting.append(fields)
        if self._item.mode == ua.MonitoringMode.Reporting:
            self._wake(self)

    def set_mode(self, mode: ua.MonitoringMode) -> None:
        """Change the mode; a disabled item forgets what waits."""
        self._item.mode = mode
        if mode == ua.MonitoringMode.Disabled:
            self._forget()
        elif mode == ua.MonitoringMode.Reporting and self._waiting:
            self._wake(self)

    def remove(self, item: Item) -> None:  # noqa: ARG002  it has only one
        """See `Queue`."""
        self._forget()
        self._deafen()

    def rename(self, item: Item) -> None:
        """See `Queue`. The handle is looked up when an event is encoded."""

    def drain(self) -> list[bytes]:
        """Encoded EventFieldLists of everything that is due."""
        if self._item.mode != ua.MonitoringMode.Reporting:
            return []
        told = list(self._waiting)
        if self._lost is not None:
            told.insert(0 if self._item.discard_oldest else len(told), self._lost)
        self._forget()
        return [
            struct_to_binary(ua.EventFieldList(ClientHandle=self._item.client_handle, EventFields=fields))
            for fields in told
        ]

    def _forget(self) -> None:
        self._waiting.clear()
        self._lost = None
