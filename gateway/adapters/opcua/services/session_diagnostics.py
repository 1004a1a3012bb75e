"""One session in the diagnostics (OPC 10000-5 sections 12.11 and 12.12)."""

from __future__ import annotations

from dataclasses import fields
from typing import cast

from asyncua import ua
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.ua_binary import Primitives, nodeid_to_binary

from gateway.adapters.opcua.engine.wire_types import standard_node
from gateway.adapters.opcua.notifications.subscriptions import Subscriptions
from gateway.adapters.opcua.services.session_facts import ServiceCount
from gateway.adapters.opcua.services.sessions import ClientSession

_TRANSPORT, _ENCODING = "opc.tcp", "UA Binary"
_SECURITY_DIAGNOSTICS = standard_node(ObjectIds.SessionSecurityDiagnosticsDataType_Encoding_DefaultBinary)
_COUNT = "Count"
_SERVICES = frozenset(
    field.name.removesuffix(_COUNT)
    for field in fields(ua.SessionDiagnosticsDataType)
    if "ServiceCounterDataType" in str(field.type) and field.name != "TotalRequestCount"
)


def _counter(count: ServiceCount) -> ua.ServiceCounterDataType:
    return ua.ServiceCounterDataType(TotalCount=count.total, ErrorCount=count.errors)


def session_diagnostics(session: ClientSession, subscriptions: Subscriptions) -> ua.SessionDiagnosticsDataType:
    """What a session does."""
    facts, own = session.facts, subscriptions.of(session)
    every = facts.counts.values()
    result = ua.SessionDiagnosticsDataType(
        SessionId=session.session_id,
        SessionName=facts.name,
        ClientDescription=facts.client,
        ServerUri=facts.server_uri,
        EndpointUrl=facts.endpoint_url,
        LocaleIds=cast("list[ua.LocaleId]", list(facts.locales)),
        ActualSessionTimeout=(session.session_timeout or 0.0) * 1000,
        MaxResponseMessageSize=facts.longest_response,
        ClientConnectionTime=facts.since,
        ClientLastContactTime=facts.last_contact,
        CurrentSubscriptionsCount=len(own),
        CurrentMonitoredItemsCount=sum(len(subscriptions.items(one)) for one in own),
        CurrentPublishRequestsInQueue=len(session.publish_requests),
        TotalRequestCount=_counter(ServiceCount(sum(one.total for one in every), sum(one.errors for one in every))),
        UnauthorizedRequestCount=facts.unauthorised,
    )
    for service in _SERVICES.intersection(facts.counts):
        setattr(result, service + _COUNT, _counter(facts.counts[service]))
    return result


def session_security_diagnostics(session: ClientSession) -> ua.ExtensionObject:
    """Who a session belongs to, and how it is secured (SessionSecurityDiagnosticsDataType).

    asyncua 2.1.0 takes the field `Encoding` for a mask of optional fields, so that nobody can read what it writes.
    """
    identity, security = session.identity, session.security
    user = "" if identity is None else identity.user or ""
    if identity is None or identity.user is None:
        mechanism = "Anonymous"
    else:
        mechanism = "X509" if identity.certificate else "UserName"
    text, array = Primitives.String.pack, Primitives.Int32.pack(len(session.facts.users))
    mode = ua.MessageSecurityMode.Invalid if security is None else security.mode
    body = (
        nodeid_to_binary(session.session_id),
        text(user),
        array,
        *map(text, session.facts.users),
        text(mechanism),
        text(_ENCODING),
        text(_TRANSPORT),
        Primitives.Int32.pack(mode),
        text("" if security is None else security.policy_uri),
        Primitives.ByteString.pack(b"" if security is None else security.client_certificate),
    )
    return ua.ExtensionObject(_SECURITY_DIAGNOSTICS, ua.ByteString(b"".join(body)))
