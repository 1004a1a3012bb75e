"""Who the server is towards clients, from its settings: names for its certificate, and the folder it lies in."""

from __future__ import annotations

import logging
import socket

from gateway.adapters.opcua.security.application_identity import own_address
from gateway.adapters.opcua.security.certificate_judge import now_utc
from gateway.adapters.opcua.security.own_identity import WantedIdentity
from gateway.adapters.opcua.security.pki import Pki
from gateway.adapters.opcua.security.pki_folders import application_uris, common_name, is_authority
from gateway.adapters.opcua.settings import WILDCARDS, OpcUaSettings

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_MOST_LISTED = 5
_LOG = logging.getLogger("gateway.adapters.opcua")


def usual_application_uri(namespace_uri: str) -> str:
    """ApplicationUri of a server on this host for a site, unless its certificate has one already."""
    return f"urn:{socket.gethostname()}:{namespace_uri.removeprefix('urn:')}"


def wanted_identity(settings: OpcUaSettings, application_uri: str) -> WantedIdentity:
    """What a new certificate says: every name and address under which clients may reach the server."""
    promised = [host for host in (settings.advertised_host, *settings.security.hosts) if host]
    if settings.host not in (*WILDCARDS, *_LOOPBACK):
        promised.append(settings.host)
    address = own_address() if settings.host in WILDCARDS else None
    usual = [socket.gethostname(), "localhost", "127.0.0.1", "::1", address]
    hosts = [host for host in (*promised, *usual) if host]
    return WantedIdentity(application_uri, settings.application_name, hosts, promised)


def open_pki(settings: OpcUaSettings, application_uri: str) -> Pki | None:
    """Certificates of the server and of its clients; None where every channel is without security. Blocks.

    Raises:
        AdapterError: The folder or what is in it cannot be used.
    """
    if not settings.security.secure_policies:
        return None
    pki = Pki(settings.security.pki)
    pki.open(wanted_identity(settings, application_uri))
    return pki


def served_application_uri(pki: Pki | None, usual: str) -> str:
    """The ApplicationUri to serve under: that of the certificate, which stays when the name of the host changes."""
    return usual if pki is None else application_uris(pki.identity.certificate)[0]


def report_security(settings: OpcUaSettings, pki: Pki | None) -> None:
    """Say at start who can connect, and how."""
    security = settings.security
    if security.is_open and settings.host not in _LOOPBACK:
        _LOG.warning(
            "security policy None is offered: anybody on the network can read along, and change what clients see"
        )
    if pki is None:
        return
    certificate = pki.identity.certificate
    _LOG.info(
        "secured by %s, %s; certificate %s, valid until %s",
        ", ".join(security.secure_policies),
        " and ".join(security.modes),
        pki.identity.thumbprint,
        f"{certificate.not_valid_after_utc:%Y-%m-%d}",
    )
    trusted = [common_name(one) for one in pki.trusted]
    if not trusted:
        _LOG.warning(
            "no client is trusted yet: let one try to connect, find it with `analyser-gateway pki list` and let it in "
            "with `analyser-gateway pki trust`"
        )
        return
    _report_revocations(pki)
    more = f" and {len(trusted) - _MOST_LISTED} more" if len(trusted) > _MOST_LISTED else ""
    _LOG.info("trusted: %s%s", ", ".join(trusted[:_MOST_LISTED]), more)


def _report_revocations(pki: Pki) -> None:
    """Authorities whose revocations are not known, or not any more."""
    now, listed = now_utc(), {one.issuer: one for one in pki.revocations}
    for authority in pki.trusted:
        if not is_authority(authority):
            continue
        newest = listed.get(authority.subject)
        if newest is None:
            _LOG.info("no revocation list of '%s': nobody counts as revoked there", common_name(authority))
        elif newest.next_update_utc is not None and newest.next_update_utc < now:
            _LOG.warning(
                "the revocation list of '%s' was due again on %s: take in a new one with `analyser-gateway pki trust`",
                common_name(authority),
                f"{newest.next_update_utc:%Y-%m-%d}",
            )
