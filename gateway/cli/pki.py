"""`analyser-gateway pki ...`: changes of the folder of certificates, which a running gateway takes in by itself."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.adapters.opcua.node_ids import namespace_uri
from gateway.adapters.opcua.security.certificate_judge import CertificateJudge, now_utc
from gateway.adapters.opcua.security.certificate_rules import CertificatePurpose, CertificateRefusedError
from gateway.adapters.opcua.security.own_files import load_identity
from gateway.adapters.opcua.security.own_identity import is_of_the_gateway
from gateway.adapters.opcua.security.own_identity import renew as renew_own
from gateway.adapters.opcua.security.pki_folders import (
    PkiFolders,
    StoreFolder,
    folder_error,
    is_authority,
    keep_certificate,
    read_certificates,
    read_revocations,
    thumbprint,
    write_file,
)
from gateway.adapters.opcua.security.server_identity import usual_application_uri, wanted_identity
from gateway.adapters.opcua.security.trust_list import TrustList
from gateway.cli.pki_entries import Entry, certificates_of, entries, files_of, found, pki_settings
from gateway.errors import InputError
from gateway.model.printable import printable
from gateway.settings.site_spec import site_spec

_NAME_DIGITS = 16


def trust_certificate(config: Path, which: str, *, user: bool, issuer: bool, out: TextIO, messages: TextIO) -> None:
    """Put a certificate or a revocation list into a list of those that count.

    Args:
        config: Settings of the gateway.
        which: Beginning of the thumbprint of a rejected certificate, or a file.
        user: It belongs to a person.
        issuer: It only completes chains.
        out: Where the result goes.
        messages: Where it is said that the certificate will be refused for another reason.

    Raises:
        InputError: There is no such certificate.
        AdapterError: The folder cannot be written.
    """
    if user and issuer:
        raise InputError("--user and --issuer exclude each other", hint="choose one")
    _, _, folders = pki_settings(config)
    folders.make()
    store = folders.trusted_users if user else folders.issuers if issuer else folders.trusted
    file = Path(which)
    if not file.is_file():
        entry = found(folders, which, ("rejected", *(("trusted",) if user or issuer else ())))
        _keep([entry.certificate], store, folders)
        certificates: Sequence[x509.Certificate] = [entry.certificate]
    else:
        certificates = _taken_in(file, store, folders, out)
    for certificate in certificates:
        what = "issuers" if issuer else "trusted_users" if user else "trusted"
        out.write(f"{what}: {Entry(what, file, certificate).title}, thumbprint {thumbprint(certificate)}\n")
        if not issuer and (reason := _still_refused(certificate, folders, user=user)):
            messages.write(f"warning: it is refused all the same: {reason}\n")


def _taken_in(file: Path, store: StoreFolder, folders: PkiFolders, out: TextIO) -> Sequence[x509.Certificate]:
    """Take in a file of certificates, or a revocation list, which has no certificate to tell of."""
    try:
        certificates = read_certificates(file)
    except ValueError:
        try:
            revocations = read_revocations(file)
        except ValueError as error:
            raise InputError(
                f"{file} is neither a certificate nor a revocation list", hint="both are files in DER or PEM"
            ) from error
        _replace_revocations(revocations, store)
        out.write(f"taken in: {len(revocations)} revoked by {printable(revocations.issuer.rfc4514_string())}\n")
        return ()
    except OSError as error:
        raise InputError(f"{file}: {error.strerror}", hint="correct the path") from error
    _keep(certificates, store, folders)
    return certificates


def _replace_revocations(revocations: x509.CertificateRevocationList, store: StoreFolder) -> None:
    """Keep a revocation list in the place of the one that its authority gave before."""
    path = store.revocations / f"{revocations.fingerprint(hashes.SHA256()).hex()[:_NAME_DIGITS]}.crl"
    try:
        write_file(path, revocations.public_bytes(Encoding.DER))
        for other in files_of(store.revocations):
            if other != path and _is_older(other, revocations):
                other.unlink(missing_ok=True)
    except OSError as error:
        raise folder_error(store.revocations, error) from error


def _is_older(path: Path, revocations: x509.CertificateRevocationList) -> bool:
    try:
        other = read_revocations(path)
    except ValueError:
        return False
    return other.issuer == revocations.issuer and other.last_update_utc <= revocations.last_update_utc


def _keep(certificates: Sequence[x509.Certificate], store: StoreFolder, folders: PkiFolders) -> None:
    try:
        for certificate in certificates:
            keep_certificate(certificate, store.certificates)
        for entry in entries(folders):
            if entry.place == "rejected" and entry.certificate in certificates:
                entry.path.unlink(missing_ok=True)
    except OSError as error:
        raise folder_error(folders.root, error) from error


def _still_refused(certificate: x509.Certificate, folders: PkiFolders, *, user: bool) -> str:
    if is_authority(certificate):
        return ""
    purpose = CertificatePurpose.USER if user else CertificatePurpose.CLIENT_APPLICATION
    trusted = TrustList(folders.trusted_users if user else folders.trusted)
    try:
        CertificateJudge(trusted, TrustList(folders.issuers), purpose).judge(certificate.public_bytes(Encoding.DER))
    except CertificateRefusedError as error:
        return str(error)
    return ""


def reject_certificate(config: Path, digits: str, out: TextIO) -> None:
    """Move a certificate from the trusted to the rejected ones.

    Raises:
        InputError: There is no such certificate.
        AdapterError: The folder cannot be written.
    """
    _, _, folders = pki_settings(config)
    entry = found(folders, digits, ("trusted", "trusted_users"))
    try:
        keep_certificate(entry.certificate, folders.rejected)
    except OSError as error:
        raise folder_error(folders.root, error) from error
    _delete(entry)
    out.write(f"rejected: {entry.title}, thumbprint {entry.thumbprint}\n")


def remove_certificate(config: Path, digits: str, out: TextIO) -> None:
    """Delete a certificate that is not the server's own.

    Raises:
        InputError: There is no such certificate, or its file holds others too.
        AdapterError: The folder cannot be written.
    """
    _, _, folders = pki_settings(config)
    entry = found(folders, digits, ("trusted", "issuers", "trusted_users", "rejected"))
    _delete(entry)
    out.write(f"removed from {entry.place}: {entry.title}, thumbprint {entry.thumbprint}\n")


def _delete(entry: Entry) -> None:
    if len(certificates_of(entry.path)) > 1:
        raise InputError(f"{entry.path} holds other certificates too", hint="take it out of the file by hand")
    try:
        entry.path.unlink(missing_ok=True)
    except OSError as error:
        raise folder_error(entry.path, error) from error


def renew_certificate(config: Path, *, new_key: bool, out: TextIO) -> None:
    """Make a new certificate of the server's own.

    Raises:
        InputError: The certificate is not the gateway's to renew.
        AdapterError: It cannot be made or written.
    """
    settings, section, folders = pki_settings(config)
    old = load_identity(folders)
    if old is not None and not is_of_the_gateway(old, folders):
        raise InputError(
            f"the certificate was issued by {printable(old.certificate.issuer.rfc4514_string())}",
            where=str(folders.own_certificates),
            hint="ask there for a new one and put it beside the old one; the newest counts",
        )
    uri = usual_application_uri(namespace_uri(site_spec(settings)))
    identity = renew_own(folders, wanted_identity(section, uri), now_utc(), old=old, new_key=new_key)
    out.write(f"new certificate, thumbprint {identity.thumbprint}; restart the gateway, then trust it in the clients\n")
