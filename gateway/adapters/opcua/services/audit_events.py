"""Happenings of the audit trail as OPC UA events that only engineers see (OPC 10000-5 section 6.4)."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime

from asyncua import ua

from gateway.adapters.opcua.engine.wire_types import standard_node
from gateway.adapters.opcua.events.event import Event, field_path
from gateway.adapters.opcua.events.notifier import EventNotifier
from gateway.adapters.opcua.security.audit import AuditEvent
from gateway.adapters.opcua.security.identity import Role

SEVERITY_OF_REFUSAL = 600
SEVERITY = 100
_EVENT_ID_BYTES = 16


def audit_event(what: AuditEvent, server_uri: str, now: datetime) -> Event:
    """One happening as an event.

    Args:
        what: The happening.
        server_uri: ApplicationUri of the server.
        now: When it happened, aware UTC.
    """
    kind = standard_node(what.event_type)
    after = f" (after {what.unlisted} more that made no event)" if what.unlisted else ""
    time, text = ua.VariantType.DateTime, ua.VariantType.String
    fields = {
        "EventId": ua.Variant(secrets.token_bytes(_EVENT_ID_BYTES), ua.VariantType.ByteString),
        "EventType": ua.Variant(kind, ua.VariantType.NodeId),
        "SourceNode": ua.Variant(what.source, ua.VariantType.NodeId),
        "SourceName": ua.Variant(what.source_name, text),
        "Time": ua.Variant(now, time),
        "ReceiveTime": ua.Variant(now, time),
        "Message": ua.Variant(ua.LocalizedText(f"{what.message}{after}"), ua.VariantType.LocalizedText),
        "Severity": ua.Variant(SEVERITY_OF_REFUSAL if what.is_refusal else SEVERITY, ua.VariantType.UInt16),
        "ActionTimeStamp": ua.Variant(now, time),
        "Status": ua.Variant(not what.is_refusal, ua.VariantType.Boolean),
        "ServerId": ua.Variant(server_uri, text),
        "ClientAuditEntryId": ua.Variant(what.entry_id, text),
        "ClientUserId": ua.Variant(what.user, text),
        **what.fields,
    }
    by_path = {field_path(name): value for name, value in fields.items()}
    return Event(kind, what.source, by_path, audience=Role.ENGINEER)


def passes_on(notifier: EventNotifier, server_uri: str) -> Callable[[AuditEvent], None]:
    """A listener of the audit trail that emits events."""
    return lambda what: notifier.emit(audit_event(what, server_uri, datetime.now(UTC)))
