"""The event that says that events were lost (EventQueueOverflowEventType, OPC 10000-4 section 5.13.1.5)."""

from __future__ import annotations

from asyncua.ua.object_ids import ObjectIds

from gateway.adapters.opcua.events.event import Event
from gateway.adapters.opcua.events.simple_events import SimpleEvents, event_ids
from gateway.streaming.clock import SystemClock

_SEVERITY = 500
_EVENTS = SimpleEvents(event_ids())


def queue_overflow() -> Event:
    """Make one. It comes on top of what the queue of an item holds, whatever the item filters."""
    message = "The queue of a monitored item was full: events have been lost"
    return _EVENTS.of_server(ObjectIds.EventQueueOverflowEventType, message, _SEVERITY, SystemClock().stamp())
