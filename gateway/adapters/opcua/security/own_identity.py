"""The key and certificate of this server on disk: made on the first start, kept, renewed, or put there by the site."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.adapters.opcua.security.application_identity import ApplicationIdentity, new_identity
from gateway.adapters.opcua.security.own_files import load_identity, read_own
from gateway.adapters.opcua.security.pki_folders import (
    PkiFolders,
    application_uris,
    folder_error,
    is_self_signed,
    read_certificates,
    write_file,
)
from gateway.errors import AdapterError

CERTIFICATE_FILE = "analyser-gateway.der"
KEY_FILE = "analyser-gateway.pem"
"""What the gateway makes itself; every other file in the folders of its own belongs to the site."""

RENEWED_BEFORE = timedelta(days=30)
"""A self-signed certificate is renewed by a start within this time before its end."""

_LOG = logging.getLogger("gateway.adapters.opcua")


@dataclass(frozen=True, slots=True)
class WantedIdentity:
    """What a new certificate says.

    Attributes:
        application_uri: ApplicationUri of the server, unless an old certificate has one already.
        name: CommonName.
        hosts: Names and addresses under which clients may reach the server.
        promised_hosts: Those of them that the settings name, so that they are missed in an older certificate.
    """

    application_uri: str
    name: str
    hosts: Sequence[str]
    promised_hosts: Sequence[str] = ()


def is_of_the_gateway(identity: ApplicationIdentity, folders: PkiFolders) -> bool:
    """Whether the gateway made this certificate and may replace it."""
    path = folders.own_certificates / CERTIFICATE_FILE
    return path.exists() and identity.certificate in read_certificates(path) and is_self_signed(identity.certificate)


def renew(
    folders: PkiFolders,
    wanted: WantedIdentity,
    now: datetime,
    *,
    old: ApplicationIdentity | None,
    new_key: bool = False,
) -> ApplicationIdentity:
    """Make a self-signed certificate, and write it in the place of the old one.

    Args:
        folders: Where it goes.
        wanted: What it says; an ApplicationUri that clients know already stays.
        now: The time.
        old: What is there; its key stays unless a new one is wanted.
        new_key: Make a new key too.

    Raises:
        AdapterError: It cannot be made or written.
    """
    folders.make()
    uri, key = wanted.application_uri, None
    if old is not None:
        (uri, *_others) = application_uris(old.certificate)
        key = None if new_key else old.private_key
    elif not new_key:
        key = read_own(folders).keys.get(folders.own_keys / KEY_FILE)
    try:
        identity = new_identity(uri, wanted.name, wanted.hosts, key=key, now=now)
    except ValueError as error:
        raise AdapterError(
            f"no certificate for these host names: {error}",
            where="opcua",
            hint="correct `advertised_host` or `security.hosts`",
        ) from error
    pem = identity.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        write_file(folders.own_keys / KEY_FILE, pem, mode=0o600)
        write_file(folders.own_certificates / CERTIFICATE_FILE, identity.certificate.public_bytes(Encoding.DER))
    except OSError as error:
        raise folder_error(folders.root, error) from error
    return identity


def own_identity(folders: PkiFolders, wanted: WantedIdentity, now: datetime) -> ApplicationIdentity:
    """The identity to serve with: what is on disk, made or renewed where that is the gateway's business.

    Raises:
        AdapterError: There is none, and none can be made.
    """
    identity = load_identity(folders)
    if identity is None:
        identity = renew(folders, wanted, now, old=None)
        _LOG.info("made a key and a certificate in %s", folders.root / "own")
    elif identity.certificate.not_valid_after_utc - now < RENEWED_BEFORE and is_of_the_gateway(identity, folders):
        old = identity
        identity = renew(folders, wanted, now, old=old)
        _LOG.warning(
            "renewed the certificate that ends on %s: clients have to trust the new one, thumbprint %s",
            f"{old.certificate.not_valid_after_utc:%Y-%m-%d}",
            identity.thumbprint,
        )
    for problem in complaints(identity.certificate, wanted.promised_hosts, now):
        _LOG.warning("%s", problem)
    return identity


def complaints(certificate: x509.Certificate, hosts: Iterable[str], now: datetime) -> list[str]:
    """What clients may dislike about a certificate, with what to do."""
    found = []
    ends = certificate.not_valid_after_utc
    if now > ends:
        found.append(
            f"the certificate of this server expired on {ends:%Y-%m-%d}, so clients refuse it: `analyser-gateway pki "
            f"renew`, or put a new one of your authority into own/certs, and restart"
        )
    elif ends - now < RENEWED_BEFORE:
        found.append(
            f"the certificate of this server ends on {ends:%Y-%m-%d}: `analyser-gateway pki renew`, or put a new one "
            f"of your authority into own/certs, and restart"
        )
    if now < (begins := certificate.not_valid_before_utc):
        found.append(
            f"the certificate of this server is not valid before {begins:%Y-%m-%d %H:%M} UTC: "
            f"compare the clock of this host"
        )
    named = named_hosts(certificate)
    missing = [host for host in dict.fromkeys(hosts) if host.lower() not in named]
    if missing:
        found.append(
            f"the certificate of this server does not name {', '.join(missing)}: clients that come by these may refuse "
            f"it; `analyser-gateway pki renew` makes one that does"
        )
    return found


def named_hosts(certificate: x509.Certificate) -> set[str]:
    """Host names and addresses of the SubjectAlternativeName, in lower case."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return set()
    hosts = [*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress))]
    return {host.lower() for host in hosts}
