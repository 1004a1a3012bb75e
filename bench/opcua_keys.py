"""Keys for the encrypted cells of the bench: a client that the gateway trusts."""

from __future__ import annotations

import socket
from pathlib import Path

from asyncua.crypto.cert_gen import (
    dump_private_key_as_pem,
    generate_private_key,
    generate_self_signed_app_certificate,
)
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

CLIENT_URI = f"urn:{socket.gethostname()}:bench:client"
CERTIFICATE, KEY, PKI = "client.der", "client.pem", "pki"


def trusted_client(folder: Path) -> None:
    """Write certificate and key of a client into the folder, and a `pki` folder that trusts it beside them."""
    key = generate_private_key()
    certificate = generate_self_signed_app_certificate(
        key,
        "Bench client",
        {"organizationName": "Bench"},
        [x509.UniformResourceIdentifier(CLIENT_URI), x509.DNSName("localhost")],
        extended=[ExtendedKeyUsageOID.CLIENT_AUTH],
        days=2,
    ).public_bytes(Encoding.DER)
    trusted = folder / PKI / "trusted" / "certs"
    trusted.mkdir(parents=True)
    for file, data in (
        (folder / CERTIFICATE, certificate),
        (folder / KEY, dump_private_key_as_pem(key)),
        (trusted / CERTIFICATE, certificate),
    ):
        file.write_bytes(data)
