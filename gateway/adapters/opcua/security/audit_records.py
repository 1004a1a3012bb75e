"""Happenings as the audit trail takes them: one function for each kind (OPC 10000-5 section 6.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from asyncua import ua
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.status_codes import StatusCodes
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from gateway.adapters.opcua.engine.double_array import array_variant
from gateway.adapters.opcua.security.audit import AuditEvent
from gateway.adapters.opcua.security.channel_security import ChannelSecurity
from gateway.adapters.opcua.security.identity import ClientIdentity
from gateway.model.access import Access

_CERTIFICATE_TYPES: Mapping[int, int] = {
    StatusCodes.BadCertificateTimeInvalid: ObjectIds.AuditCertificateExpiredEventType,
    StatusCodes.BadCertificateIssuerTimeInvalid: ObjectIds.AuditCertificateExpiredEventType,
    StatusCodes.BadCertificateUntrusted: ObjectIds.AuditCertificateUntrustedEventType,
    StatusCodes.BadCertificateChainIncomplete: ObjectIds.AuditCertificateUntrustedEventType,
    StatusCodes.BadCertificateRevoked: ObjectIds.AuditCertificateRevokedEventType,
    StatusCodes.BadCertificateIssuerRevoked: ObjectIds.AuditCertificateRevokedEventType,
    StatusCodes.BadCertificateUseNotAllowed: ObjectIds.AuditCertificateMismatchEventType,
    StatusCodes.BadCertificateIssuerUseNotAllowed: ObjectIds.AuditCertificateMismatchEventType,
    StatusCodes.BadCertificateUriInvalid: ObjectIds.AuditCertificateDataMismatchEventType,
    StatusCodes.BadCertificateHostNameInvalid: ObjectIds.AuditCertificateDataMismatchEventType,
}
"""Any other fault of a certificate is an AuditCertificateInvalidEventType."""

_LONGEST_ARRAY = 100
"""Elements of an argument that an event repeats."""


class AuditedSession(Protocol):
    """A session as far as the audit trail tells about it."""

    @property
    def session_id(self) -> ua.NodeId:
        """SessionId; the authentication token is nobody's business."""
        ...

    @property
    def identity(self) -> ClientIdentity | None:
        """Who uses it."""
        ...

    @property
    def host(self) -> str:
        """Address of the peer that made it."""
        ...

    @property
    def application_uri(self) -> str:
        """What the client application calls itself."""
        ...


def channel_opened(
    security: ChannelSecurity, host: str, *, channel_id: int = 0, status: int = StatusCodes.Good, renewed: bool = False
) -> AuditEvent:
    """A secure channel was asked for or renewed; `status` says whether it was granted."""
    refused = bool(status & 0x80000000)
    request = ua.SecurityTokenRequestType.Renew if renewed else ua.SecurityTokenRequestType.Issue
    return AuditEvent(
        ObjectIds.AuditOpenSecureChannelEventType,
        "SecureChannel/OpenSecureChannel",
        host,
        status,
        f"secure channel refused: {_name(status)}" if refused else f"secure channel {request.name.lower()}d",
        fields=_certificate_fields(security.client_certificate)
        | {
            "SecureChannelId": _text(str(channel_id)),
            "RequestType": ua.Variant(request, ua.VariantType.Int32),
            "SecurityPolicyUri": _text(security.policy_uri),
            "SecurityMode": ua.Variant(security.mode, ua.VariantType.Int32),
            "StatusCodeId": _status(status),
        },
        access=Access.CONNECTION_REFUSED if refused else None,
    )


def certificate_refused(certificate: bytes, host: str, status: int, application_uri: str = "") -> AuditEvent:
    """A certificate was judged and found wanting."""
    return AuditEvent(
        _CERTIFICATE_TYPES.get(status, ObjectIds.AuditCertificateInvalidEventType),
        "Security/Certificate",
        host,
        status,
        f"certificate refused: {_name(status)}",
        application=application_uri,
        fields={"Certificate": _bytes(certificate), "StatusCodeId": _status(status)},
        access=Access.CONNECTION_REFUSED,
    )


def session_created(
    session: AuditedSession | None,
    security: ChannelSecurity,
    host: str,
    entry_id: str,
    *,
    channel_id: int = 0,
    timeout_ms: float = 0.0,
    status: int = StatusCodes.Good,
) -> AuditEvent:
    """A session was asked for; there is none if it was refused."""
    return AuditEvent(
        ObjectIds.AuditCreateSessionEventType,
        "Session/CreateSession",
        host,
        status,
        "session created" if session is not None else f"session refused: {_name(status)}",
        entry_id=entry_id,
        application="" if session is None else session.application_uri,
        fields=_certificate_fields(security.client_certificate)
        | {
            "SessionId": _node(None if session is None else session.session_id),
            "SecureChannelId": _text(str(channel_id)),
            "RevisedSessionTimeout": ua.Variant(timeout_ms, ua.VariantType.Double),
            "StatusCodeId": _status(status),
        },
        access=None if session is not None else Access.CONNECTION_REFUSED,
    )


def session_activated(
    session: AuditedSession,
    host: str,
    user: str,
    entry_id: str,
    *,
    status: int = StatusCodes.Good,
    reason: str = "",
    is_news: bool = True,
) -> AuditEvent:
    """Somebody logged in or tried to; without `is_news` it was the same user as before, on a new connection."""
    role = "" if session.identity is None else f"as {session.identity.role}"
    access = Access.LOGIN if user and is_news else None
    message = role if user else f"anonymous {role}"
    if status & 0x80000000:
        access, message = Access.LOGIN_REFUSED, reason or _name(status)
    return AuditEvent(
        ObjectIds.AuditActivateSessionEventType,
        "Session/ActivateSession",
        host,
        status,
        message,
        user=user,
        entry_id=entry_id,
        application=session.application_uri,
        fields={"SessionId": _node(session.session_id), "StatusCodeId": _status(status)},
        access=access,
    )


def session_ended(session: AuditedSession, user: str, reason: str) -> AuditEvent:
    """A session was closed, timed out, or got another user."""
    return AuditEvent(
        ObjectIds.AuditSessionEventType,
        "Session/CloseSession",
        session.host,
        message=reason,
        user=user,
        application=session.application_uri,
        fields={"SessionId": _node(session.session_id)},
        access=Access.LOGOUT if user else None,
    )


def method_called(session: AuditedSession, request: ua.CallMethodRequest, status: int, entry_id: str) -> AuditEvent:
    """A method that changes something was called, or refused. The audit log hears of actions from their desk."""
    user = "" if session.identity is None else session.identity.user or ""
    return AuditEvent(
        ObjectIds.AuditUpdateMethodEventType,
        "Attribute/Call",
        session.host,
        status,
        f"method called: {_name(status)}",
        user=user,
        entry_id=entry_id,
        application=session.application_uri,
        fields={
            "MethodId": _node(request.MethodId),
            "StatusCodeId": _status(status),
            "InputArguments": ua.Variant([_told(one) for one in request.InputArguments or ()], ua.VariantType.Variant),
        },
        source=request.ObjectId,
    )


def _name(status: int) -> str:
    name: str = ua.StatusCode(ua.UInt32(status)).name
    return name


def _told(argument: ua.Variant) -> ua.Variant:
    """An argument as events tell it: they wait in queues, so of a long array no more than its length."""
    array = argument.Value
    if not isinstance(array, memoryview):
        return argument
    return array_variant(array) if len(array) <= _LONGEST_ARRAY else _text(f"{len(array)} doubles")


def _status(status: int) -> ua.Variant:
    return ua.Variant(ua.StatusCode(ua.UInt32(status)), ua.VariantType.StatusCode)


def _text(text: str) -> ua.Variant:
    return ua.Variant(text, ua.VariantType.String)


def _bytes(content: bytes) -> ua.Variant:
    return ua.Variant(content or None, ua.VariantType.ByteString)


def _node(node_id: ua.NodeId | None) -> ua.Variant:
    return ua.Variant(ua.NodeId() if node_id is None else node_id, ua.VariantType.NodeId)


def _certificate_fields(certificate: bytes) -> dict[str, ua.Variant]:
    return {"ClientCertificate": _bytes(certificate), "ClientCertificateThumbprint": _text(thumbprint(certificate))}


def thumbprint(certificate: bytes) -> str:
    """SHA-1 of a certificate, as the standard asks for; empty for none."""
    if not certificate:
        return ""
    try:
        loaded = x509.load_der_x509_certificate(certificate)
    except ValueError:
        return ""
    return loaded.fingerprint(hashes.SHA1()).hex()  # noqa: S303  the standard's name, no signature
