"""Certificates of clients, users and authorities, right ones and wrong ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CLIENT_URI = "urn:localhost:test-client"
_USAGES = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
    *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
)
APPLICATION_USAGE = frozenset(_USAGES[:4])
AUTHORITY_USAGE = frozenset({"key_cert_sign", "crl_sign"})


@cache
def rsa_key(name: str = "", bits: int = 2048) -> rsa.RSAPrivateKey:  # noqa: ARG001  the name tells keys apart
    """A key, made once per name and size."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@dataclass(frozen=True)
class Certified:
    """A certificate, the key of it, and who is above it."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey
    issuer: Certified | None = None

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def revoking(self, *revoked: Certified, last_update: datetime | None = None) -> bytes:
        """A revocation list of this authority, DER."""
        begin = last_update or datetime.now(UTC) - timedelta(hours=1)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(begin)
            .next_update(begin + timedelta(days=30))
        )
        for one in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(one.certificate.serial_number)
            builder = builder.add_revoked_certificate(entry.revocation_date(begin).build())
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.DER)


@dataclass(frozen=True)
class Order:
    """What a certificate is to say; the defaults make one that a client can come with."""

    name: str = "Test client"
    uri: str | None = CLIENT_URI
    begins: timedelta = timedelta(days=-1)
    lasts: timedelta = timedelta(days=30)
    usage: Iterable[str] | None = APPLICATION_USAGE
    extended: Sequence[x509.ObjectIdentifier] | None = (ExtendedKeyUsageOID.CLIENT_AUTH,)
    authority: bool = False
    path_length: int | None = None
    bits: int = 2048
    algorithm: hashes.HashAlgorithm = field(default_factory=hashes.SHA256)
    issuer: Certified | None = None
    key_name: str = ""

    def but(self, **changes: object) -> Order:
        return replace(self, **changes)  # type: ignore[arg-type]

    def made(self) -> Certified:
        key = rsa_key(self.key_name or self.name, self.bits)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)])
        begin = datetime.now(UTC) + self.begins
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject if self.issuer is None else self.issuer.certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(begin + self.lasts)
            .add_extension(x509.BasicConstraints(self.authority, self.path_length), critical=True)
        )
        if self.uri is not None:
            names = [x509.UniformResourceIdentifier(self.uri), x509.DNSName("localhost")]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        if self.usage is not None:
            usage = {name: name in self.usage for name in _USAGES}
            builder = builder.add_extension(x509.KeyUsage(**usage), critical=True)
        if self.extended is not None:
            builder = builder.add_extension(x509.ExtendedKeyUsage(self.extended), critical=False)
        signing = key if self.issuer is None else self.issuer.key
        return Certified(builder.sign(signing, self.algorithm), key, self.issuer)


CLIENT = Order()
AUTHORITY = Order("Test authority", None, usage=AUTHORITY_USAGE, extended=None, authority=True)
USER = Order("Test user", None, usage=("digital_signature",), extended=None)
