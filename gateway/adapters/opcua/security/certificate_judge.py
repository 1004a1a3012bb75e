"""Whether a certificate can be relied upon: the steps of OPC 10000-4 section 6.1.3, in their order.

asyncua 2.1.0 has a judge too, but it completes no chain, finds revoked serial numbers of whatever issuer, and knows
neither weak keys nor weak signatures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from enum import Enum, IntEnum
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from gateway.adapters.opcua.security.pki_folders import MALFORMED, common_name, is_authority, is_self_signed
from gateway.adapters.opcua.security.trust_list import TrustList
from gateway.model.printable import printable

KEY_BITS = range(2048, 4096 + 1)
"""RSA keys that Basic256Sha256 and its successors allow (OPC 10000-7 section 6.6)."""

MOST_CERTIFICATES = 5
"""Longest chain, and most certificates that are looked at in what a peer sends."""

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


def now_utc() -> datetime:
    """The time, aware, in UTC."""
    return datetime.now(UTC)


def split_chain(blob: bytes) -> list[bytes]:
    """The DER certificates that a peer sent one after the other, its own first (OPC 10000-6 section 6.2.3).

    Raises:
        ValueError: The bytes are no sequence of DER structures.
    """
    found: list[bytes] = []
    at = 0
    while at < len(blob) and len(found) < MOST_CERTIFICATES:
        if blob[at] != 0x30 or at + 2 > len(blob):
            raise ValueError("no certificate")
        length, begin = blob[at + 1], at + 2
        if length & 0x80:
            count = length & 0x7F
            length, begin = int.from_bytes(blob[begin : begin + count], "big"), begin + count
        if begin + length > len(blob):
            raise ValueError("a certificate is cut off")
        found.append(blob[at : begin + length])
        at = begin + length
    return found


class CertificateJudge:
    """Judges certificates of one purpose.

    Args:
        trusted: Certificates that are trusted, and authorities whose certificates are all trusted.
        issuers: Authorities that only complete a chain.
        purpose: What the certificates are shown for.
        now: The time.
    """

    def __init__(
        self,
        trusted: TrustList,
        issuers: TrustList,
        purpose: CertificatePurpose,
        now: Callable[[], datetime] = now_utc,
    ) -> None:
        self._trusted = trusted
        self._issuers = issuers
        self._purpose = purpose
        self._now = now

    @property
    def trust_version(self) -> int:
        """Grows with every change of the lists; looking costs four listings of folders."""
        self._trusted.refresh()
        self._issuers.refresh()
        return self._trusted.version + self._issuers.version

    def judge(self, blob: bytes, application_uri: str | None = None) -> x509.Certificate:
        """Look at what a peer sent.

        Args:
            blob: Its certificate in DER, and those of its issuers after it, if it sent any.
            application_uri: What it calls itself; None where it has not said so yet.

        Returns:
            The peer's certificate.

        Raises:
            CertificateRefusedError: It cannot be relied upon.
        """
        try:
            sent = [x509.load_der_x509_certificate(der) for der in split_chain(blob)]
            certificate = sent[0]
        except (IndexError, *MALFORMED) as error:
            raise CertificateRefusedError(CertificateStatus.INVALID, f"it cannot be read: {error}") from error
        try:
            self._judge(certificate, sent[1:], application_uri)
        except CertificateRefusedError as error:
            error.certificate = certificate
            raise
        except MALFORMED as error:
            refused = CertificateRefusedError(CertificateStatus.INVALID, f"it is malformed: {error}")
            refused.certificate = certificate
            raise refused from error
        return certificate

    def _judge(self, certificate: x509.Certificate, sent: Sequence[x509.Certificate], uri: str | None) -> None:
        self._trusted.refresh()
        self._issuers.refresh()
        _require_strength(certificate)
        chain = self._chain(certificate, sent)
        for one in chain[1:]:
            _require_strength(one)
        self._require_trust(chain)
        _require_time(chain, self._now())
        if uri is not None:
            _require_uri(certificate, uri)
        _require_use(certificate, self._purpose)
        for depth, authority in enumerate(chain[1:]):
            _require_authority(authority, depth)
        self._require_not_revoked(chain)

    def _chain(self, certificate: x509.Certificate, sent: Sequence[x509.Certificate]) -> list[x509.Certificate]:
        """The certificate and its issuers as far as they are known."""
        chain = [certificate]
        usable = (one for one in sent if _has_usable_key(one))  # a huge key would take long
        known = (*self._trusted.certificates, *self._issuers.certificates, *usable)
        while not _names_itself(chain[-1]) and len(chain) < MOST_CERTIFICATES:
            issuer = next((one for one in known if one not in chain and _has_issued(one, chain[-1])), None)
            if issuer is None:
                break
            chain.append(issuer)
        if _names_itself(chain[-1]) and not is_self_signed(chain[-1]):
            raise CertificateRefusedError(CertificateStatus.INVALID, "its signature is wrong")
        return chain

    def _require_trust(self, chain: Sequence[x509.Certificate]) -> None:
        if any(one in self._trusted for one in chain):
            return
        if not _names_itself(chain[-1]):
            raise CertificateRefusedError(
                CertificateStatus.CHAIN_INCOMPLETE,
                f"neither it nor its issuer '{chain[-1].issuer.rfc4514_string()}' is known here",
            )
        raise CertificateRefusedError(CertificateStatus.UNTRUSTED, "it is not trusted")

    def _require_not_revoked(self, chain: Sequence[x509.Certificate]) -> None:
        """A list counts if the issuer has signed it; while the issuer is unknown, its place in the folder vouches."""
        lists = (*self._trusted.revocations, *self._issuers.revocations)
        for index, certificate in enumerate(chain):
            issuer = chain[index + 1] if index + 1 < len(chain) else None
            for one in lists:
                if (
                    one.issuer == certificate.issuer
                    and (issuer is None or _has_signed(issuer, one))
                    and one.get_revoked_certificate_by_serial_number(certificate.serial_number) is not None
                ):
                    status = CertificateStatus.ISSUER_REVOKED if index else CertificateStatus.REVOKED
                    raise CertificateRefusedError(status, f"'{common_name(certificate)}' has been revoked")


def _names_itself(certificate: x509.Certificate) -> bool:
    return certificate.issuer == certificate.subject


def _has_issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    if issuer.subject != certificate.issuer or not is_authority(issuer):
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _has_signed(issuer: x509.Certificate, revocations: x509.CertificateRevocationList) -> bool:
    key = issuer.public_key()
    return isinstance(key, rsa.RSAPublicKey) and revocations.is_signature_valid(key)


def _extension(certificate: x509.Certificate, kind: type[E]) -> E | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _has_usable_key(certificate: x509.Certificate) -> bool:
    key = _rsa_key(certificate)
    return key is not None and key.key_size in KEY_BITS


def _rsa_key(certificate: x509.Certificate) -> rsa.RSAPublicKey | None:
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, rsa.RSAPublicKey) else None


def _require_strength(certificate: x509.Certificate) -> None:
    if not _has_usable_key(certificate):
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


def _require_time(chain: Sequence[x509.Certificate], now: datetime) -> None:
    for index, certificate in enumerate(chain):
        status = CertificateStatus.ISSUER_TIME_INVALID if index else CertificateStatus.TIME_INVALID
        what = f"its issuer '{common_name(certificate)}'" if index else "it"
        if now < certificate.not_valid_before_utc:
            begins = certificate.not_valid_before_utc
            raise CertificateRefusedError(status, f"{what} is not valid before {begins:%Y-%m-%d %H:%M} UTC")
        if now > certificate.not_valid_after_utc:
            ended = certificate.not_valid_after_utc
            raise CertificateRefusedError(status, f"{what} expired on {ended:%Y-%m-%d %H:%M} UTC")


def _require_uri(certificate: x509.Certificate, uri: str) -> None:
    names = _extension(certificate, x509.SubjectAlternativeName)
    uris = [] if names is None else names.get_values_for_type(x509.UniformResourceIdentifier)
    if uri not in uris:
        raise CertificateRefusedError(
            CertificateStatus.URI_INVALID, f"it belongs to {', '.join(uris) or 'no ApplicationUri'}, not to {uri!r}"
        )


def _require_use(certificate: x509.Certificate, purpose: CertificatePurpose) -> None:
    """Key usages of an application (OPC 10000-6 section 6.2.2); a user only has to sign."""
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


def _require_authority(certificate: x509.Certificate, depth: int) -> None:
    """An issuer may sign certificates, and has as many others below it as it may.

    Args:
        certificate: Of the issuer.
        depth: Authorities between it and the end of the chain.
    """
    constraints, usage = _extension(certificate, x509.BasicConstraints), _extension(certificate, x509.KeyUsage)
    too_deep = constraints is not None and constraints.path_length is not None and depth > constraints.path_length
    if too_deep or (usage is not None and not usage.key_cert_sign):
        raise CertificateRefusedError(
            CertificateStatus.ISSUER_USE_NOT_ALLOWED,
            f"its issuer '{common_name(certificate)}' may not issue such certificates",
        )
