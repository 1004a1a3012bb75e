"""`analyser-gateway pki list` and `pki show`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TextIO

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa

from gateway.adapters.opcua.security.certificate_judge import now_utc
from gateway.adapters.opcua.security.own_files import load_identity
from gateway.adapters.opcua.security.own_identity import named_hosts
from gateway.adapters.opcua.security.pki_folders import PkiFolders, application_uris, is_authority, read_revocations
from gateway.cli.pki_entries import entries, files_of, found, pki_settings
from gateway.errors import InputError
from gateway.model.printable import printable

LISTED_DIGITS = 16


def list_certificates(config: Path, out: TextIO) -> None:
    """Write one line per certificate and per revocation list.

    Raises:
        InputError: The settings cannot be used.
        AdapterError: The folder cannot be read.
    """
    _, _, folders = pki_settings(config)
    now = now_utc()
    rows = [("where", "thumbprint", "valid until", "who")]
    for entry in entries(folders):
        ends = entry.certificate.not_valid_after_utc
        notes = [
            note for note, holds in (("expired", now > ends), ("authority", is_authority(entry.certificate))) if holds
        ]
        who = " ".join([entry.title, *(f"[{note}]" for note in notes)])
        rows.append((entry.place, entry.thumbprint[:LISTED_DIGITS], f"{ends:%Y-%m-%d}", who))
    rows += _revocation_rows(folders, now)
    if len(rows) == 1:
        out.write(f"{folders.root} holds no certificates yet; the first start makes the server's own\n")
        return
    out.writelines(f"{place:<14} {digits:<{LISTED_DIGITS}}  {ends:<11}  {who}\n" for place, digits, ends, who in rows)


def _revocation_rows(folders: PkiFolders, now: datetime) -> Iterator[tuple[str, str, str, str]]:
    for place, store in (
        ("trusted", folders.trusted),
        ("issuers", folders.issuers),
        ("trusted_users", folders.trusted_users),
    ):
        for path in files_of(store.revocations):
            try:
                one = read_revocations(path)
            except ValueError:
                continue
            ends = one.next_update_utc
            until = "" if ends is None else f"{ends:%Y-%m-%d}"
            late = " [overdue]" if ends is not None and now > ends else ""
            names = one.issuer.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
            issuer = printable(str(names[0].value) if names else one.issuer.rfc4514_string())
            yield place, "revocations", until, f"{len(one)} revoked by {issuer}{late}"


def show_certificate(config: Path, digits: str, out: TextIO) -> None:
    """Write what is in a certificate.

    Raises:
        InputError: There is no such certificate.
        AdapterError: The folder cannot be read.
    """
    _, _, folders = pki_settings(config)
    if digits:
        entry = found(folders, digits, ("own", "trusted", "issuers", "trusted_users", "rejected"))
    else:
        identity = load_identity(folders)
        if identity is None:
            raise InputError(
                "the server has no certificate yet", where=str(folders.root), hint="the first start makes it"
            )
        entry = next(one for one in entries(folders) if one.certificate == identity.certificate)
    certificate, key = entry.certificate, entry.certificate.public_key()
    bits = f"RSA, {key.key_size} bits" if isinstance(key, rsa.RSAPublicKey) else type(key).__name__
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    rows = [
        ("subject", printable(certificate.subject.rfc4514_string(), 200)),
        ("issuer", printable(certificate.issuer.rfc4514_string(), 200)),
        ("ApplicationUri", printable(", ".join(application_uris(certificate)) or "none", 200)),
        ("hosts", printable(", ".join(sorted(named_hosts(certificate))) or "none", 200)),
        ("valid", f"{begins:%Y-%m-%d %H:%M} to {ends:%Y-%m-%d %H:%M} UTC"),
        ("key", bits),
        ("SHA-1", entry.thumbprint),
        ("SHA-256", certificate.fingerprint(hashes.SHA256()).hex()),
        ("file", str(entry.path)),
    ]
    out.writelines(f"{name:<15} {value}\n" for name, value in rows)
