"""Events that no condition stands behind (OPC 10000-5 section 6.4)."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from itertools import count

from asyncua import ua

from gateway.adapters.opcua.engine.wire_types import english, standard_node
from gateway.adapters.opcua.events.event import Event, FieldPath, field_path
from gateway.adapters.opcua.events.notifier import SERVER
from gateway.model.stamp import Stamp

_T = ua.VariantType
_PREFIX_BYTES, _COUNT_BYTES = 8, 8


def event_ids() -> Callable[[], bytes]:
    """Makes EventIds that no other start of any server makes."""
    prefix, numbers = secrets.token_bytes(_PREFIX_BYTES), count(1)
    return lambda: prefix + next(numbers).to_bytes(_COUNT_BYTES, "big")


class SimpleEvents:
    """Makes events.

    Args:
        new_event_id: Makes EventIds.
    """

    def __init__(self, new_event_id: Callable[[], bytes]) -> None:
        self._new_event_id = new_event_id

    def of_server(self, event_type: int, message: str, severity: int, now: Stamp) -> Event:
        """An event of the Server object for items themselves; `event_type` is one of `ObjectIds`."""
        kind = standard_node(event_type)
        fields = self.fields(kind, SERVER, "Server", message, severity, now, now)
        return Event(kind, SERVER, fields, unfiltered=True)

    def fields(
        self, kind: ua.NodeId, source: ua.NodeId, source_name: str, message: str, severity: int, at: Stamp, now: Stamp
    ) -> dict[FieldPath, ua.Variant]:
        """What every event has; it happened at `at` and is told `now`."""
        fields = {
            "EventId": ua.Variant(self._new_event_id(), _T.ByteString),
            "EventType": ua.Variant(kind, _T.NodeId),
            "SourceNode": ua.Variant(source, _T.NodeId),
            "SourceName": ua.Variant(source_name, _T.String),
            "Time": ua.Variant(at.utc, _T.DateTime),
            "ReceiveTime": ua.Variant(now.utc, _T.DateTime),
            "Message": ua.Variant(english(message), _T.LocalizedText),
            "Severity": ua.Variant(severity, _T.UInt16),
        }
        return {field_path(name): value for name, value in fields.items()}
