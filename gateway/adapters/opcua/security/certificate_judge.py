"""Whether a certificate can be relied upon: the steps of OPC 10000-4 section 6.1.3, in their order.

asyncua 2.1.0 has a judge too, but it completes no chain, finds revoked serial numbers of whatever issuer, and knows
neither weak keys nor weak signatures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa

from gateway.adapters.opcua.security.certificate_rules import (
    CertificatePurpose,
    CertificateRefusedError,
    CertificateStatus,
    has_usable_key,
    require_authority,
    require_strength,
    require_time,
    require_uri,
    require_use,
)
from gateway.adapters.opcua.security.pki_folders import MALFORMED, common_name, is_authority, is_self_signed
from gateway.adapters.opcua.security.trust_list import TrustList

MOST_CERTIFICATES = 5
"""Longest chain, and most certificates that are looked at in what a peer sends."""


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
        require_strength(certificate)
        chain = self._chain(certificate, sent)
        for one in chain[1:]:
            require_strength(one)
        self._require_trust(chain)
        require_time(chain, self._now())
        if uri is not None:
            require_uri(certificate, uri)
        require_use(certificate, self._purpose)
        for depth, authority in enumerate(chain[1:]):
            require_authority(authority, depth)
        self._require_not_revoked(chain)

    def _chain(self, certificate: x509.Certificate, sent: Sequence[x509.Certificate]) -> list[x509.Certificate]:
        """The certificate and its issuers as far as they are known."""
        chain = [certificate]
        usable = (one for one in sent if has_usable_key(one))  # a huge key would take long
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
