"""Opens a server for users."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import rsa

from gateway.adapters.opcua.security.audit import AuditTrail
from gateway.adapters.opcua.security.logins import Logins, UserCertificates
from gateway.adapters.opcua.services.audit_events import passes_on
from gateway.adapters.opcua.services.inner_server import InnerServer
from gateway.adapters.opcua.settings import AnonymousAccess
from gateway.ports import ActionDesk


def open_logins(
    inner: InnerServer,
    desk: ActionDesk | None,
    key: rsa.RSAPrivateKey | None,
    anonymous: AnonymousAccess,
    certificates: UserCertificates | None,
    application_uri: str,
) -> None:
    """Let users in.

    Args:
        inner: Not listening yet.
        desk: Who knows users and keeps the audit log; None for nobody.
        key: Private key of the server; without one nobody can log in by name.
        anonymous: What a client without a user may do.
        certificates: Who judges the certificates of users; None for none.
        application_uri: ApplicationUri of the server.
    """
    users = None if desk is None else desk.users
    logins = Logins(users, key, anonymous=anonymous is not AnonymousAccess.OFF, certificates=certificates)
    audit = AuditTrail(None if desk is None else desk.note)
    audit.listen(passes_on(inner.notifier, application_uri))
    inner.open_logins(logins, audit)
