"""The certificate of the server, field by field as OPC 10000-6 section 6.2.2 wants it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import anyio
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from gateway.adapters.opcua.adapter import OpcUaAdapter
from gateway.adapters.opcua.security.application_identity import new_identity, own_address
from gateway.adapters.opcua.settings import OpcUaSettings, PolicyName, SecuritySettings
from gateway.errors import AdapterError
from gateway.model.points import SiteSpec

URI = "urn:plant:analyser-gateway:works%207"


def test_certificate() -> None:
    hosts = ["plant", "plant", "127.0.0.1", "fe80::1", "bücher.example"]
    identity = new_identity(URI, "Analyser gateway " * 10, hosts)
    certificate = identity.certificate
    assert certificate.version is x509.Version.v3
    assert certificate.subject == certificate.issuer
    certificate.verify_directly_issued_by(certificate)
    assert certificate.public_key() == identity.private_key.public_key()
    assert identity.private_key.key_size == 2048
    now = datetime.now(UTC)
    assert certificate.not_valid_before_utc < now - timedelta(hours=23)
    assert timedelta(days=5 * 365 - 1) < certificate.not_valid_after_utc - now <= timedelta(days=5 * 365)

    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [URI]
    assert names.get_values_for_type(x509.DNSName) == ["plant", "xn--bcher-kva.example"]
    assert names.get_values_for_type(x509.IPAddress) == [IPv4Address("127.0.0.1"), IPv6Address("fe80::1")]
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature
    assert usage.content_commitment
    assert usage.key_encipherment
    assert usage.data_encipherment
    assert usage.key_cert_sign
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    der = certificate.public_bytes(serialization.Encoding.DER)
    assert identity.thumbprint == hashlib.sha1(der).hexdigest()


def test_every_start_has_another() -> None:
    first, second = (new_identity(URI, "Analyser gateway", ["plant"]) for _start in range(2))
    assert first.certificate.serial_number != second.certificate.serial_number
    assert first.private_key.private_numbers() != second.private_key.private_numbers()


async def test_a_host_that_cannot_be_in_a_certificate_is_named(
    settings: OpcUaSettings, site: SiteSpec, tmp_path: Path
) -> None:
    security = SecuritySettings(policies=(PolicyName.BASIC256SHA256,), pki=tmp_path / "pki")
    adapter = OpcUaAdapter(site, replace(settings, advertised_host="no..host", security=security))
    with pytest.raises(AdapterError, match=r"no certificate for these host names: .*correct `advertised_host`"):
        await adapter.serve(task_status=anyio.TASK_STATUS_IGNORED)


def test_own_address_is_one_or_none() -> None:
    address = own_address()
    assert address is None or IPv4Address(address)
