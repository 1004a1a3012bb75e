"""The way of an event: from its source up the notifier hierarchy to everybody who listens (OPC 10000-3 section 7.17).

An object reports the events of everything that it reaches by HasEventSource or HasNotifier; the Server object reports
every event of the server.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from asyncua import ua
from asyncua.server.address_space import AddressSpace
from asyncua.ua.object_ids import ObjectIds

from gateway.adapters.opcua.engine.wire_types import standard_node
from gateway.adapters.opcua.events.event import Event

SERVER = standard_node(ObjectIds.Server)
_UPWARDS = frozenset(map(standard_node, (ObjectIds.HasEventSource, ObjectIds.HasNotifier)))

Sink = Callable[[Event], None]
"""Takes one event; never suspends and never raises. It looks at `Event.audience` itself, for it knows its session."""


class EventItem(Protocol):
    """A monitored item for events, as ConditionRefresh sees it."""

    @property
    def item_id(self) -> int:
        """MonitoredItemId."""
        ...

    @property
    def notifier(self) -> ua.NodeId:
        """The node that it watches."""
        ...

    def deliver(self, event: Event) -> None:
        """Queue the event if its filter lets it through; the very sink that was added for it."""
        ...


class EventNotifier:
    """Hands events to those who listen.

    Args:
        aspace: Address space with the notifier hierarchy.
    """

    def __init__(self, aspace: AddressSpace) -> None:
        self._aspace = aspace
        self._sinks: dict[ua.NodeId, dict[int, Sink]] = {}
        self._added = 0
        self._paths: dict[ua.NodeId, frozenset[ua.NodeId]] = {}

    @property
    def is_heard(self) -> bool:
        """Whether anybody listens at all."""
        return bool(self._sinks)

    def add(self, notifier: ua.NodeId, sink: Sink) -> Callable[[], None]:
        """Listen to a node; returns what ends it, which may be called again."""
        self._added += 1
        key = self._added
        self._sinks.setdefault(notifier, {})[key] = sink

        def remove() -> None:
            sinks = self._sinks.get(notifier, {})
            sinks.pop(key, None)
            if not sinks:
                self._sinks.pop(notifier, None)

        return remove

    def emit(self, event: Event) -> None:
        """Hand an event to every listener on its way, each once. Never suspends."""
        if not self._sinks:
            return
        for notifier in self.way(event.source):
            for sink in tuple(self._sinks.get(notifier, {}).values()):
                sink(event)

    def way(self, source: ua.NodeId) -> frozenset[ua.NodeId]:
        """Every node that reports the events of this one; the hierarchy is taken as it is at the first question."""
        known = self._paths.get(source)
        if known is None:
            known = self._climb(source)
            if source in self._aspace:
                self._paths[source] = known
        return known

    def _climb(self, source: ua.NodeId) -> frozenset[ua.NodeId]:
        found, waiting = {SERVER}, [source]
        while waiting:
            here = waiting.pop()
            if here in found:
                continue
            found.add(here)
            node = self._aspace.get(here)
            references = () if node is None else node.references
            waiting.extend(one.NodeId for one in references if not one.IsForward and one.ReferenceTypeId in _UPWARDS)
        return frozenset(found)
