"""Events of an analyser that passes from one state to another (TransitionEventType, OPC 10000-16 section 4.4)."""

from __future__ import annotations

from asyncua import ua

from gateway.adapters.opcua.conditions.transitions import Transition
from gateway.adapters.opcua.engine.wire_types import english, site_node
from gateway.adapters.opcua.events.event import Event, field_path
from gateway.adapters.opcua.events.simple_events import SimpleEvents
from gateway.model.stamp import Stamp


def transition_event(events: SimpleEvents, kind: ua.NodeId, transition: Transition, at: Stamp, now: Stamp) -> Event:
    """An event of a TransitionEventType; it happened at `at` and is told `now`."""
    source = site_node(transition.source)
    fields = events.fields(kind, source, transition.source, transition.message, transition.severity, at, now)
    for name, said in (
        ("Transition", transition.name),
        ("FromState", transition.before),
        ("ToState", transition.after),
    ):
        fields[field_path(name)] = ua.Variant(english(said), ua.VariantType.LocalizedText)
        fields[field_path(name, "Id")] = ua.Variant(said, ua.VariantType.String)
    fields[field_path("Transition", "TransitionTime")] = ua.Variant(at.utc, ua.VariantType.DateTime)
    return Event(kind, source, fields)
