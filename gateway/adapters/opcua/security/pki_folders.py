"""Where keys and certificates lie: one folder, laid out as other OPC UA servers do.

```
own/certs  own/private          this server
trusted/certs  trusted/crl      applications, and authorities whose applications are all trusted
issuers/certs  issuers/crl      authorities that only complete a chain to a trusted one
trusted_users/certs  .../crl    people who log in by certificate, and their authorities
rejected/certs                  who was turned away, for an administrator to look at
```
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.errors import AdapterError
from gateway.model.printable import printable

CERTIFICATE_SUFFIXES = frozenset({".der", ".crt", ".cer", ".pem"})
REVOCATION_SUFFIXES = frozenset({".crl", ".der", ".pem"})
"""What counts; whoever renames a file to `client.der.old` wants it not to."""

MALFORMED = (
    *(ValueError, TypeError, UnsupportedAlgorithm),
    *(x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType),
)
"""What the library raises when it looks into a certificate that is none."""

_PEM = b"-----BEGIN "
_LONGEST_NAME = 60
_PUBLIC, _PRIVATE = 0o755, 0o700


@dataclass(frozen=True, slots=True)
class StoreFolder:
    """One list of certificates.

    Attributes:
        certificates: Folder of certificates, DER or PEM.
        revocations: Folder of revocation lists, DER or PEM.
    """

    certificates: Path
    revocations: Path


class PkiFolders:
    """The folders below one root.

    Args:
        root: `security.pki` of the settings.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.own_certificates = root / "own" / "certs"
        self.own_keys = root / "own" / "private"
        self.trusted, self.issuers, self.trusted_users = (
            StoreFolder(root / name / "certs", root / name / "crl") for name in ("trusted", "issuers", "trusted_users")
        )
        self.rejected = root / "rejected" / "certs"

    @property
    def stores(self) -> tuple[StoreFolder, ...]:
        """Every list that an administrator fills."""
        return self.trusted, self.issuers, self.trusted_users

    def make(self) -> None:
        """Make what is missing; keys are for this user alone.

        Raises:
            AdapterError: A folder cannot be made.
        """
        wanted = [self.own_certificates, self.rejected]
        wanted += [folder for store in self.stores for folder in (store.certificates, store.revocations)]
        try:
            for folder in wanted:
                folder.mkdir(mode=_PUBLIC, parents=True, exist_ok=True)
            self.own_keys.mkdir(mode=_PRIVATE, exist_ok=True)
            with contextlib.suppress(OSError):  # somebody else's folder, such as a mounted secret
                self.own_keys.chmod(_PRIVATE)
        except OSError as error:
            raise folder_error(self.root, error) from error


def folder_error(path: Path, error: OSError) -> AdapterError:
    """What to say when the folder of certificates cannot be used."""
    return AdapterError(
        f"{error.filename or path}: {error.strerror or error}",
        where="opcua certificates",
        hint="the user of the gateway must be able to write there; `security.pki` names another folder",
    )


def is_pem(content: bytes) -> bool:
    """Whether this is text in PEM rather than binary DER."""
    return _PEM in content[:4096]


def read_certificates(path: Path) -> list[x509.Certificate]:
    """Certificates of one file, in its order: one in DER, or any number in PEM.

    Raises:
        OSError: The file cannot be read.
        ValueError: It holds no certificate.
    """
    content = path.read_bytes()
    if is_pem(content):
        return x509.load_pem_x509_certificates(content)
    return [x509.load_der_x509_certificate(content)]


def read_revocations(path: Path) -> x509.CertificateRevocationList:
    """The revocation list of a file.

    Raises:
        OSError: The file cannot be read.
        ValueError: It holds no revocation list.
    """
    content = path.read_bytes()
    return x509.load_pem_x509_crl(content) if is_pem(content) else x509.load_der_x509_crl(content)


def thumbprint(certificate: x509.Certificate) -> str:
    """SHA-1 in hexadecimal, by which OPC UA names certificates (OPC 10000-6 section 6.2.2)."""
    return certificate.fingerprint(hashes.SHA1()).hex()  # noqa: S303  the standard's name, no signature


def common_name(certificate: x509.Certificate) -> str:
    """What people call it: the CommonName, else the whole subject; nothing that a terminal would act upon."""
    try:
        names = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        text = str(names[0].value) if names else certificate.subject.rfc4514_string()
    except MALFORMED:
        text = "unreadable name"
    return printable(text, _LONGEST_NAME)


def application_uris(certificate: x509.Certificate) -> list[str]:
    """URIs of the SubjectAlternativeName; an application has one (OPC 10000-6 section 6.2.2)."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, *MALFORMED):
        return []
    return names.get_values_for_type(x509.UniformResourceIdentifier)


def is_authority(certificate: x509.Certificate) -> bool:
    """Whether it may issue others."""
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, *MALFORMED):
        return False


def is_self_signed(certificate: x509.Certificate) -> bool:
    """Whether its own key has signed it."""
    if certificate.issuer != certificate.subject:
        return False
    try:
        certificate.verify_directly_issued_by(certificate)
    except Exception:  # noqa: BLE001  any kind of signature that does not fit
        return False
    return True


def file_name(certificate: x509.Certificate) -> str:
    """Name under which a certificate is kept, telling for people and unique."""
    name = re.sub(r"[^\w .-]", "_", common_name(certificate), flags=re.ASCII).strip(" .") or "certificate"
    return f"{name} [{thumbprint(certificate)}].der"


def write_file(path: Path, content: bytes, *, mode: int = 0o644, durable: bool = True) -> None:
    """Write a file as a whole: whoever reads meanwhile sees the old one or the new one.

    Args:
        path: Where.
        content: What.
        mode: Permissions.
        durable: Wait until it is on the disk, which may take long.

    Raises:
        OSError: It cannot be written.
    """
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        beside.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise


def keep_certificate(certificate: x509.Certificate, folder: Path, *, durable: bool = True) -> Path:
    """Write a certificate into a folder; returns its file. `durable` as for `write_file`.

    Raises:
        OSError: It cannot be written.
    """
    path = folder / file_name(certificate)
    write_file(path, certificate.public_bytes(Encoding.DER), durable=durable)
    return path
