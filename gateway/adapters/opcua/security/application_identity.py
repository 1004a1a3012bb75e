"""The key and the certificate by which the server shows who it is (OPC 10000-6 section 6.2.2)."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateway.adapters.opcua.security.pki_folders import thumbprint

KEY_BITS = 2048
VALIDITY = timedelta(days=5 * 365)
"""Every client has to trust a new certificate, so one lasts long."""

_CLOCKS_DIFFER = timedelta(days=1)
"""A certificate that begins now is not valid yet for a client whose clock is late."""

_FAR_AWAY = ("192.0.2.1", 9)  # reserved for documentation (RFC 5737); choosing a route sends nothing


@dataclass(frozen=True, slots=True)
class ApplicationIdentity:
    """Who the server is.

    Attributes:
        certificate: Self-signed, or issued by an authority of the site.
        private_key: Of the certificate.
        issuers: Certificates of the authorities above it, as far as they are to be sent along.
    """

    certificate: x509.Certificate
    private_key: rsa.RSAPrivateKey
    issuers: tuple[x509.Certificate, ...] = ()

    @property
    def thumbprint(self) -> str:
        """SHA-1 of the certificate in hexadecimal, as OPC UA clients show it (OPC 10000-6 section 6.2.2)."""
        return thumbprint(self.certificate)


def own_address() -> str | None:
    """Address of this machine on the way out; None without a network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        try:
            udp.connect(_FAR_AWAY)
        except OSError:
            return None
        address: str = udp.getsockname()[0]
        return address


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host.encode("idna").decode("ascii"))


def new_identity(
    application_uri: str,
    name: str,
    hosts: Iterable[str],
    *,
    key: rsa.RSAPrivateKey | None = None,
    now: datetime | None = None,
) -> ApplicationIdentity:
    """Make a self-signed certificate, and a key for it; takes up to 0.5 s, so it belongs into a worker thread.

    Args:
        application_uri: ApplicationUri of the server.
        name: CommonName, what people read.
        hosts: Names and addresses under which clients reach the server.
        key: A key that is there already; without it, a new one.
        now: The time; by default the machine's.

    Raises:
        ValueError: A host cannot be in a certificate.
    """
    names = [x509.UniformResourceIdentifier(application_uri), *map(_general_name, dict.fromkeys(hosts))]
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS) if key is None else key
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    now = datetime.now(UTC) if now is None else now
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=True,
        data_encipherment=True,
        key_agreement=False,
        key_cert_sign=True,  # what the standard asks of self-signed certificates, although they are no authority
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCKS_DIFFER)
        .not_valid_after(now + VALIDITY)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return ApplicationIdentity(certificate, key)
