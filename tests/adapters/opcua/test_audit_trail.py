"""The audit trail counts everything, lists what is news, and does not let a flood crowd out alarms."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from asyncua import ua
from asyncua.ua.status_codes import StatusCodes

from gateway.adapters.opcua.events.event import field_path
from gateway.adapters.opcua.security.audit import EVENTS_AT_ONCE, AuditEvent, AuditTrail, SecurityCounters
from gateway.adapters.opcua.security.audit_records import (
    certificate_refused,
    channel_opened,
    session_activated,
    session_created,
    session_ended,
)
from gateway.adapters.opcua.security.channel_security import ChannelSecurity
from gateway.adapters.opcua.security.identity import ANONYMOUS, ClientIdentity, Role
from gateway.adapters.opcua.services.audit_events import audit_event
from gateway.model.access import Access, AccessRecord
from gateway.testing.virtual_clock import VirtualClock

POLICY = "http://opcfoundation.org/UA/SecurityPolicy#Basic256Sha256"
SECURITY = ChannelSecurity(POLICY, ua.MessageSecurityMode.Sign, b"no certificate")


class Session:
    """A session of somebody."""

    session_id = ua.NodeId(7)
    host = "10.0.0.5"
    application_uri = "urn:hmi"

    def __init__(self, identity: ClientIdentity | None = None) -> None:
        self.identity = identity


ANNA = Session(ClientIdentity("anna", Role.ENGINEER))
DENIED = StatusCodes.BadUserAccessDenied


def activated(session: Session = ANNA, user: str = "anna", **more: object) -> AuditEvent:
    return session_activated(session, "10.0.0.5", user, "", **more)  # type: ignore[arg-type]


def test_everything_is_counted_and_the_news_are_listed() -> None:
    listed: list[AccessRecord] = []
    trail = AuditTrail(listed.append)
    trail.record(channel_opened(SECURITY, "10.0.0.5", channel_id=6))
    trail.record(channel_opened(SECURITY, "10.0.0.6", status=StatusCodes.BadSecurityChecksFailed))
    trail.record(certificate_refused(b"x", "10.0.0.6", StatusCodes.BadCertificateUntrusted, "urn:x"))
    trail.record(session_created(ANNA, SECURITY, "10.0.0.5", "", timeout_ms=5000.0))
    trail.record(session_created(None, SECURITY, "10.0.0.5", "", status=StatusCodes.BadTooManySessions))
    trail.record(activated())
    trail.record(activated(is_news=False))
    trail.record(activated(Session(ANONYMOUS), ""))
    trail.record(activated(user="bob", status=DENIED, reason="wrong"))
    trail.record(session_ended(ANNA, "anna", "session closed"))
    trail.record(session_ended(Session(ANONYMOUS), "", "session closed"))
    assert trail.counters == SecurityCounters(
        sessions=1, rejected_sessions=2, security_rejected_sessions=1, logins=1, refused_logins=1, refused_channels=1
    )
    assert [(one.what, one.user, one.detail) for one in listed] == [
        (Access.CONNECTION_REFUSED, "", "secure channel refused: BadSecurityChecksFailed"),
        (Access.CONNECTION_REFUSED, "", "certificate refused: BadCertificateUntrusted"),
        (Access.CONNECTION_REFUSED, "", "session refused: BadTooManySessions"),
        (Access.LOGIN, "anna", "as Engineer"),
        (Access.LOGIN_REFUSED, "bob", "wrong"),
        (Access.LOGOUT, "anna", "session closed"),
    ]


async def test_a_flood_makes_a_bounded_number_of_events_and_a_count() -> None:
    clock, heard = VirtualClock(), list[AuditEvent]()
    trail = AuditTrail(clock=clock)
    trail.listen(heard.append)
    for _ in range(1000):
        trail.record(activated(status=DENIED))
    assert len(heard) == EVENTS_AT_ONCE
    await clock.sleep(1)
    trail.record(activated())
    assert heard[-1].unlisted == 1000 - EVENTS_AT_ONCE
    assert trail.counters.refused_logins == 1000
    event = audit_event(heard[-1], "urn:server", datetime(2026, 1, 1, tzinfo=UTC))
    assert event.fields[field_path("Message")].Value.Text == "as Engineer (after 940 more that made no event)"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (StatusCodes.BadCertificateTimeInvalid, ua.ObjectIds.AuditCertificateExpiredEventType),
        (StatusCodes.BadCertificateUntrusted, ua.ObjectIds.AuditCertificateUntrustedEventType),
        (StatusCodes.BadCertificateRevoked, ua.ObjectIds.AuditCertificateRevokedEventType),
        (StatusCodes.BadCertificateUseNotAllowed, ua.ObjectIds.AuditCertificateMismatchEventType),
        (StatusCodes.BadCertificateUriInvalid, ua.ObjectIds.AuditCertificateDataMismatchEventType),
        (StatusCodes.BadCertificateInvalid, ua.ObjectIds.AuditCertificateInvalidEventType),
    ],
)
def test_each_fault_of_a_certificate_has_its_event(status: int, kind: int) -> None:
    event = audit_event(certificate_refused(b"x", "10.0.0.6", status), "urn:server", datetime(2026, 1, 1, tzinfo=UTC))
    assert event.event_type == ua.NodeId(kind)
    assert event.audience is Role.ENGINEER
    assert event.fields[field_path("Certificate")].Value == b"x"
    assert event.fields[field_path("Status")].Value is False
    assert event.fields[field_path("Severity")].Value > 500
