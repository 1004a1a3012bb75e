"""Keys and certificates in the folders of this server's own, whoever put them there."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_private_key

from gateway.adapters.opcua.security.application_identity import ApplicationIdentity
from gateway.adapters.opcua.security.certificate_rules import KEY_BITS
from gateway.adapters.opcua.security.pki_folders import (
    CERTIFICATE_SUFFIXES,
    PkiFolders,
    application_uris,
    common_name,
    folder_error,
    is_pem,
    is_self_signed,
    read_certificates,
)
from gateway.errors import AdapterError

_SUFFIXES = CERTIFICATE_SUFFIXES | {".key"}
_WHERE = "opcua certificates"
_LOG = logging.getLogger("gateway.adapters.opcua")


@dataclass(slots=True)
class OwnFiles:
    """What lies in the folders of its own.

    Attributes:
        certificates: Every certificate, by file, in the order of the file.
        keys: Every key, by file.
    """

    certificates: dict[Path, list[x509.Certificate]] = field(default_factory=dict)
    keys: dict[Path, rsa.RSAPrivateKey] = field(default_factory=dict)

    def identities(self) -> list[ApplicationIdentity]:
        """Certificates that fit a key, the one to use first: issued before self-signed ones, then the newest."""
        every = [one for held in self.certificates.values() for one in held]
        found = [
            ApplicationIdentity(one, key, tuple(_issuers(one, every)))
            for key in self.keys.values()
            for one in every
            if one.public_key() == key.public_key()
        ]
        return sorted(
            found, key=lambda one: (is_self_signed(one.certificate), -one.certificate.not_valid_before_utc.timestamp())
        )


def _issuers(certificate: x509.Certificate, known: Sequence[x509.Certificate]) -> Iterable[x509.Certificate]:
    """Those above it, without the root, which a client must have anyway."""
    while certificate.issuer != certificate.subject:
        issuer = next((one for one in known if one.subject == certificate.issuer), None)
        if issuer is None or issuer.issuer == issuer.subject:
            return
        yield issuer
        certificate = issuer


def read_own(folders: PkiFolders) -> OwnFiles:
    """Read every key and certificate of its own.

    Raises:
        AdapterError: A file cannot be read, or is not what it should be.
    """
    files = OwnFiles()
    for path in _files(folders.own_certificates):
        try:
            files.certificates[path] = read_certificates(path)
        except OSError as error:
            raise folder_error(path, error) from error
        except ValueError as error:
            raise AdapterError(
                f"{path} is no certificate: {error}", where=_WHERE, hint="certificates are DER or PEM files"
            ) from error
    for path in _files(folders.own_keys):
        files.keys[path] = _read_key(path)
    return files


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(
            path
            for path in folder.iterdir()
            if path.suffix.lower() in _SUFFIXES and path.name[0] != "." and path.is_file()
        )
    except FileNotFoundError:
        return []
    except OSError as error:
        raise folder_error(folder, error) from error


def _read_key(path: Path) -> rsa.RSAPrivateKey:
    try:
        content = path.read_bytes()
        others = stat.S_IMODE(path.stat().st_mode) & 0o077
    except OSError as error:
        raise folder_error(path, error) from error
    try:
        key = (load_pem_private_key if is_pem(content) else load_der_private_key)(content, None)
    except TypeError as error:
        raise AdapterError(
            f"the key {path} is encrypted", where=_WHERE, hint="store it without a pass phrase, readable by one user"
        ) from error
    except ValueError as error:
        raise AdapterError(
            f"{path} is no private key: {error}", where=_WHERE, hint="keys are PKCS #8 or PKCS #1, in DER or PEM"
        ) from error
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size not in KEY_BITS:
        raise AdapterError(
            f"the key {path} cannot be used",
            where=_WHERE,
            hint=f"an RSA key of {KEY_BITS.start} to {KEY_BITS[-1]} bits is needed",
        )
    if others and os.name == "posix":
        _LOG.warning("the key %s can be read by others: chmod 600", path)
    return key


def load_identity(folders: PkiFolders) -> ApplicationIdentity | None:
    """The identity on disk; None while there is none, or a key alone.

    Raises:
        AdapterError: What is there cannot be used.
    """
    files = read_own(folders)
    found = files.identities()
    if not found:
        if files.certificates:
            raise AdapterError(
                f"no key in {folders.own_keys} fits the certificate {next(iter(files.certificates))}",
                where=_WHERE,
                hint="put its key there; or delete the certificate, and the gateway makes a new one",
            )
        return None
    identity = found[0]
    if not application_uris(identity.certificate):
        raise AdapterError(
            f"the certificate '{common_name(identity.certificate)}' names no ApplicationUri",
            where=_WHERE,
            hint="it must have a URI as subjectAltName, such as urn:host:analyser-gateway:site",
        )
    return identity
