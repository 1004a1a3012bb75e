"""One event: what happened, where, and its fields (OPC 10000-5 section 6.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from asyncua import ua

from gateway.model.role import Role

FieldPath = tuple[tuple[int, str], ...]
"""Browse path from the event's type to a field: namespace index and name of each step."""


@dataclass(frozen=True, slots=True)
class Event:
    """What every event item that hears it gets; a filter picks its fields out of it.

    Attributes:
        event_type: Its EventType.
        source: Where it begins its way: the node whose notifiers report it. The Server object reports every event.
        fields: All of its fields. A field that is not there is null for the client.
        condition: ConditionId, which is no field; None for an event that is no condition.
        audience: Least role whose sessions may see it.
        unfiltered: Whether it passes every where clause, because it speaks of the item itself.
    """

    event_type: ua.NodeId
    source: ua.NodeId
    fields: Mapping[FieldPath, ua.Variant]
    condition: ua.NodeId | None = None
    audience: Role = Role.OBSERVER
    unfiltered: bool = False


def field_path(*names: str) -> FieldPath:
    """Path of a field that OPC UA itself defines: `field_path("AckedState", "Id")`."""
    return tuple((0, name) for name in names)
