"""What a security officer wants to know: who came, who went, who was turned away (OPC 10000-4 section 6.5).

Every happening is counted. Logins, logouts and refusals make a line each in the audit log of the gateway, which bounds
floods and counts what it leaves out. Whoever listens here passes all of it on as OPC UA audit events, up to a rate at
which they cannot crowd out the alarms in a subscriber's queue.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from asyncua import ua
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.status_codes import StatusCodes

from gateway.model.access import Access, AccessRecord
from gateway.model.line_budget import LineBudget
from gateway.model.stamp import Clock
from gateway.streaming.clock import SystemClock

PROTOCOL = "opcua"
EVENTS_AT_ONCE = 60
EVENTS_PER_S = 5.0
"""Audit events that listeners get; the next one after a gap says how many were left out."""

SECURITY_CODES = frozenset(
    {
        StatusCodes.BadSecurityChecksFailed,
        StatusCodes.BadIdentityTokenInvalid,
        StatusCodes.BadIdentityTokenRejected,
        StatusCodes.BadUserAccessDenied,
        StatusCodes.BadUserSignatureInvalid,
        StatusCodes.BadApplicationSignatureInvalid,
        StatusCodes.BadSecureChannelIdInvalid,
        StatusCodes.BadSessionIdInvalid,
        StatusCodes.BadIdentityChangeNotSupported,
        StatusCodes.BadNonceInvalid,
        StatusCodes.BadCertificateInvalid,
        StatusCodes.BadCertificateTimeInvalid,
        StatusCodes.BadCertificateIssuerTimeInvalid,
        StatusCodes.BadCertificateHostNameInvalid,
        StatusCodes.BadCertificateUriInvalid,
        StatusCodes.BadCertificateUseNotAllowed,
        StatusCodes.BadCertificateIssuerUseNotAllowed,
        StatusCodes.BadCertificateUntrusted,
        StatusCodes.BadCertificateRevocationUnknown,
        StatusCodes.BadCertificateIssuerRevocationUnknown,
        StatusCodes.BadCertificateRevoked,
        StatusCodes.BadCertificateIssuerRevoked,
        StatusCodes.BadCertificateChainIncomplete,
        StatusCodes.BadSecurityPolicyRejected,
        StatusCodes.BadSecurityModeRejected,
    }
)
"""StatusCodes that say that security refused something, rather than a limit or a mistake."""


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One happening.

    Attributes:
        event_type: Identifier of its type in namespace 0, a subtype of AuditEventType.
        source_name: Service it belongs to, `Session/ActivateSession`.
        host: Address of the peer.
        status: StatusCode of what was asked for.
        message: In words, without secrets.
        user: ClientUserId; empty for none.
        entry_id: ClientAuditEntryId, from the header of the request.
        application: What the client application calls itself.
        fields: Fields that the type has beside those of AuditEventType.
        access: What the audit log of the gateway has to say; None if that would be no news for it.
        source: SourceNode; the Server object unless it is something else.
        unlisted: Happenings before this one that made no event.
    """

    event_type: int
    source_name: str
    host: str
    status: int = StatusCodes.Good
    message: str = ""
    user: str = ""
    entry_id: str = ""
    application: str = ""
    fields: Mapping[str, ua.Variant] = field(default_factory=dict)
    access: Access | None = None
    source: ua.NodeId = ua.NodeId(ua.Int32(ObjectIds.Server))  # noqa: RUF009  never changed
    unlisted: int = 0

    @property
    def is_refusal(self) -> bool:
        """Whether what was asked for was not done."""
        return bool(self.status & 0x80000000)


@dataclass(slots=True)
class SecurityCounters:
    """Since the server was started (OPC 10000-5 section 12.9, and some more).

    Attributes:
        sessions: Sessions created.
        rejected_sessions: Sessions that could not be created or activated, for whatever reason.
        security_rejected_sessions: Of them, for reasons of security.
        logins: Users who have logged in by name or certificate.
        refused_logins: Logins refused.
        refused_channels: Secure channels refused.
    """

    sessions: int = 0
    rejected_sessions: int = 0
    security_rejected_sessions: int = 0
    logins: int = 0
    refused_logins: int = 0
    refused_channels: int = 0


class AuditTrail:
    """One for the server.

    Args:
        note: Lists a line in the audit log of the gateway; None for nowhere.
        clock: Time; by default the machine's.

    Attributes:
        counters: How often what has happened.
    """

    def __init__(self, note: Callable[[AccessRecord], None] | None = None, clock: Clock | None = None) -> None:
        self.counters = SecurityCounters()
        self._note = note
        self._listeners: list[Callable[[AuditEvent], None]] = []
        self._budget = LineBudget(EVENTS_AT_ONCE, EVENTS_PER_S, SystemClock() if clock is None else clock)
        self._unlisted = 0

    def listen(self, listener: Callable[[AuditEvent], None]) -> None:
        """Pass everything that happens on to a listener, which never suspends and never raises."""
        self._listeners.append(listener)

    def record(self, what: AuditEvent) -> None:
        """Count, list and pass on one happening. Never suspends."""
        self._count(what)
        if self._note is not None and what.access is not None:
            self._note(AccessRecord(what.access, PROTOCOL, what.host, what.user, what.application, what.message))
        if not self._listeners:
            return
        if not self._budget.take():
            self._unlisted += 1
            return
        told, self._unlisted = replace(what, unlisted=self._unlisted), 0
        for listener in self._listeners:
            listener(told)

    def _count(self, what: AuditEvent) -> None:
        counters = self.counters
        if what.event_type in (ObjectIds.AuditCreateSessionEventType, ObjectIds.AuditActivateSessionEventType):
            if what.is_refusal:
                counters.rejected_sessions += 1
                counters.security_rejected_sessions += what.status in SECURITY_CODES
            elif what.event_type == ObjectIds.AuditCreateSessionEventType:
                counters.sessions += 1
        counters.logins += what.access is Access.LOGIN
        counters.refused_logins += what.access is Access.LOGIN_REFUSED
        counters.refused_channels += what.event_type == ObjectIds.AuditOpenSecureChannelEventType and what.is_refusal
