"""What the log says at the start of who can connect, and under which names."""

from __future__ import annotations

import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.adapters.opcua.security.pki import Pki
from gateway.adapters.opcua.security.server_identity import (
    open_pki,
    report_security,
    served_application_uri,
    wanted_identity,
)
from gateway.adapters.opcua.settings import ModeName, OpcUaSettings, PolicyName, SecuritySettings
from tests.adapters.opcua.certificates import AUTHORITY, CLIENT

URI = "urn:plant:analyser-gateway:hall"


@pytest.fixture
def secure(tmp_path: Path) -> OpcUaSettings:
    return OpcUaSettings(host="127.0.0.1", security=SecuritySettings(pki=tmp_path / "pki"))


def said(settings: OpcUaSettings, pki: Pki | None, caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    caplog.clear()
    with caplog.at_level("INFO"):
        report_security(settings, pki)
    return [(record.levelname, record.getMessage()) for record in caplog.records]


def test_without_security_no_folder_is_made(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    security = SecuritySettings(policies=(PolicyName.NONE,), pki=tmp_path / "pki")
    settings = OpcUaSettings(host="127.0.0.1", security=security)
    assert open_pki(settings, URI) is None
    assert list(tmp_path.iterdir()) == []
    assert served_application_uri(None, URI) == URI
    assert said(settings, None, caplog) == []
    ((level, text),) = said(replace(settings, host="0.0.0.0"), None, caplog)
    assert (level, text.partition(":")[0]) == ("WARNING", "security policy None is offered")


def test_thumbprint_policies_and_who_is_trusted(secure: OpcUaSettings, caplog: pytest.LogCaptureFixture) -> None:
    pki = open_pki(secure, URI)
    assert pki is not None
    assert served_application_uri(pki, "urn:a-new-name-of-this-host") == URI
    (secured, nobody) = said(secure, pki, caplog)
    until = f"{pki.identity.certificate.not_valid_after_utc:%Y-%m-%d}"
    assert secured[1] == (
        "secured by Basic256Sha256, Aes128_Sha256_RsaOaep, Aes256_Sha256_RsaPss, Sign and SignAndEncrypt; "
        f"certificate {pki.identity.thumbprint}, valid until {until}"
    )
    assert nobody[0] == "WARNING"
    assert nobody[1].startswith("no client is trusted yet: let one try to connect, ")
    for number in range(7):
        certificate = CLIENT.but(name=f"client {number}", key_name="all").made()
        (pki.folders.trusted.certificates / f"{number}.der").write_bytes(certificate.der)
    one_mode = replace(secure, security=replace(secure.security, modes=(ModeName.SIGN_AND_ENCRYPT,)))
    (secured, trusted) = said(one_mode, pki, caplog)
    assert ", SignAndEncrypt; certificate" in secured[1]
    assert trusted == ("INFO", "trusted: client 0, client 1, client 2, client 3, client 4 and 2 more")


def test_authorities_without_news_of_what_they_revoked(secure: OpcUaSettings, caplog: pytest.LogCaptureFixture) -> None:
    pki, root = open_pki(secure, URI), AUTHORITY.but(name="Site root").made()
    assert pki is not None
    (pki.folders.trusted.certificates / "root.der").write_bytes(root.der)
    assert ("INFO", "no revocation list of 'Site root': nobody counts as revoked there") in said(secure, pki, caplog)
    file = pki.folders.trusted.revocations / "root.crl"
    file.write_bytes(root.revoking())
    assert [level for level, _text in said(secure, pki, caplog)] == ["INFO", "INFO"]
    file.write_bytes(root.revoking(last_update=datetime.now(UTC) - timedelta(days=60)))
    assert "WARNING" in [level for level, _text in said(secure, pki, caplog)]


def test_names_for_the_certificate() -> None:
    settings = OpcUaSettings(advertised_host="plant.example", security=SecuritySettings(hosts=("10.0.0.7", "gate")))
    wanted = wanted_identity(settings, URI)
    assert list(wanted.promised_hosts) == ["plant.example", "10.0.0.7", "gate"]
    assert {"plant.example", "10.0.0.7", "gate", socket.gethostname(), "localhost", "127.0.0.1"} <= set(wanted.hosts)
    assert wanted_identity(replace(settings, host="10.0.0.8"), URI).promised_hosts[-1] == "10.0.0.8"
    assert "127.0.0.1" not in wanted_identity(replace(settings, host="127.0.0.1"), URI).promised_hosts
