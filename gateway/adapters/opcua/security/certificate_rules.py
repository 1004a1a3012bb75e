"""What a certificate must be like, whoever trusts it: the rules of OPC 10000-4 section 6.1.3 one by one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import Enum, IntEnum
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from gateway.adapters.opcua.security.pki_folders import common_name
from gateway.model.printable import printable

KEY_BITS = range(2048, 4096 + 1)
"""RSA keys that Basic256Sha256 and its successors allow (OPC 10000-7 section 6.6)."""

E = TypeVar("E", bound=x509.ExtensionType)

_LONGEST_REASON = 300
_HASHES = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
_ANY_USE = x509.ObjectIdentifier("2.5.29.37.0")


class CertificateStatus(IntEnum):
    """StatusCodes about certificates (OPC 10000-6 annex A.2)."""

    INVALID = 0x80120000
    TIME_INVALID = 0x80140000
    ISSUER_TIME_INVALID = 0x80150000
    URI_INVALID = 0x80170000
    USE_NOT_ALLOWED = 0x80180000
    ISSUER_USE_NOT_ALLOWED = 0x80190000
    UNTRUSTED = 0x801A0000
    REVOKED = 0x801D0000
    ISSUER_REVOKED = 0x801E0000
    CHAIN_INCOMPLETE = 0x810D0000
    POLICY_CHECK_FAILED = 0x81140000


class CertificateRefusedError(Exception):
    """A certificate cannot be relied upon.

    Attributes:
        status: Why, as a StatusCode.
        certificate: The certificate, where it could be read.
    """

    def __init__(self, status: CertificateStatus, reason: str) -> None:
        super().__init__(printable(reason, _LONGEST_REASON))
        self.status = status
        self.certificate: x509.Certificate | None = None


class CertificatePurpose(Enum):
    """What a certificate is shown for."""

    CLIENT_APPLICATION = "client"
    USER = "user"


def _extension(certificate: x509.Certificate, kind: type[E]) -> E | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def has_usable_key(certificate: x509.Certificate) -> bool:
    """Whether its key is RSA of a length that the policies allow."""
    key = _rsa_key(certificate)
    return key is not None and key.key_size in KEY_BITS


def _rsa_key(certificate: x509.Certificate) -> rsa.RSAPublicKey | None:
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, rsa.RSAPublicKey) else None


def require_strength(certificate: x509.Certificate) -> None:
    """Refuse weak keys and weak signatures (OPC 10000-7 section 6.6).

    Raises:
        CertificateRefusedError: It is weak.
    """
    if not has_usable_key(certificate):
        key = _rsa_key(certificate)
        size = f"RSA with {key.key_size} bits" if key is not None else "not RSA"
        raise CertificateRefusedError(
            CertificateStatus.POLICY_CHECK_FAILED,
            f"its key is {size}; RSA with {KEY_BITS.start} to {KEY_BITS[-1]} bits is needed",
        )
    try:
        algorithm = certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        algorithm = None
    if not isinstance(algorithm, _HASHES):
        name = algorithm.name if algorithm is not None else "an unknown algorithm"
        raise CertificateRefusedError(
            CertificateStatus.POLICY_CHECK_FAILED, f"it is signed with {name}; SHA-256 or stronger is needed"
        )


def require_time(chain: Sequence[x509.Certificate], now: datetime) -> None:
    """Refuse what is not valid now; the first of the chain is the peer's own.

    Raises:
        CertificateRefusedError: One of them is not.
    """
    for index, certificate in enumerate(chain):
        status = CertificateStatus.ISSUER_TIME_INVALID if index else CertificateStatus.TIME_INVALID
        what = f"its issuer '{common_name(certificate)}'" if index else "it"
        if now < certificate.not_valid_before_utc:
            begins = certificate.not_valid_before_utc
            raise CertificateRefusedError(status, f"{what} is not valid before {begins:%Y-%m-%d %H:%M} UTC")
        if now > certificate.not_valid_after_utc:
            ended = certificate.not_valid_after_utc
            raise CertificateRefusedError(status, f"{what} expired on {ended:%Y-%m-%d %H:%M} UTC")


def require_uri(certificate: x509.Certificate, uri: str) -> None:
    """Refuse the certificate of another application.

    Raises:
        CertificateRefusedError: It does not name the ApplicationUri.
    """
    names = _extension(certificate, x509.SubjectAlternativeName)
    uris = [] if names is None else names.get_values_for_type(x509.UniformResourceIdentifier)
    if uri not in uris:
        raise CertificateRefusedError(
            CertificateStatus.URI_INVALID, f"it belongs to {', '.join(uris) or 'no ApplicationUri'}, not to {uri!r}"
        )


def require_use(certificate: x509.Certificate, purpose: CertificatePurpose) -> None:
    """Key usages of an application (OPC 10000-6 section 6.2.2); a user only has to sign.

    Raises:
        CertificateRefusedError: It was issued for something else.
    """
    usage = _extension(certificate, x509.KeyUsage)
    if purpose is CertificatePurpose.USER:
        allowed = usage is None or usage.digital_signature
    else:
        allowed = usage is not None and (
            usage.digital_signature and usage.content_commitment and usage.key_encipherment and usage.data_encipherment
        )
        extended = _extension(certificate, x509.ExtendedKeyUsage)
        allowed = allowed and (extended is None or ExtendedKeyUsageOID.CLIENT_AUTH in extended or _ANY_USE in extended)
    if not allowed:
        raise CertificateRefusedError(
            CertificateStatus.USE_NOT_ALLOWED, f"it was not issued for the use as a {purpose.value}"
        )


def require_authority(certificate: x509.Certificate, depth: int) -> None:
    """An issuer may sign certificates, and has as many others below it as it may.

    Args:
        certificate: Of the issuer.
        depth: Authorities between it and the end of the chain.

    Raises:
        CertificateRefusedError: It may not.
    """
    constraints, usage = _extension(certificate, x509.BasicConstraints), _extension(certificate, x509.KeyUsage)
    too_deep = constraints is not None and constraints.path_length is not None and depth > constraints.path_length
    if too_deep or (usage is not None and not usage.key_cert_sign):
        raise CertificateRefusedError(
            CertificateStatus.ISSUER_USE_NOT_ALLOWED,
            f"its issuer '{common_name(certificate)}' may not issue such certificates",
        )
