"""What the self-test says of certificates, before the first start and long after it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.adapters.opcua.kind import OPCUA
from gateway.adapters.opcua.security import certificate_report
from gateway.adapters.opcua.security.application_identity import VALIDITY
from gateway.adapters.opcua.security.server_identity import open_pki
from gateway.adapters.opcua.settings import OpcUaSettings, SecuritySettings
from gateway.ports import CertificateReport, CertifiedKind
from tests.adapters.opcua.certificates import AUTHORITY, CLIENT
from tests.open_server import OPEN_SETTINGS


def report(settings: OpcUaSettings) -> CertificateReport:
    kind: object = OPCUA
    assert isinstance(kind, CertifiedKind)
    return kind.certificates(settings)


def test_from_the_first_start_to_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert report(OPEN_SETTINGS) == CertificateReport(("without security, as the settings say",), ())
    settings = OpcUaSettings(host="127.0.0.1", security=SecuritySettings(pki=tmp_path / "pki"))
    first = report(settings)
    assert first.right == ("no certificate of its own yet; the first start makes one",)
    assert [what for what, _remedy in first.troubles] == ["no client is trusted"]
    assert not (tmp_path / "pki").exists()

    pki = open_pki(settings, "urn:plant:gateway")
    assert pki is not None
    for name, certified in (("client", CLIENT.made()), ("root", AUTHORITY.made())):
        (pki.folders.trusted.certificates / f"{name}.der").write_bytes(certified.der)
    until = f"{pki.identity.certificate.not_valid_after_utc:%Y-%m-%d}"
    right = (f"its own certificate is valid until {until}", "trusted: 1 client, 1 authority")
    assert report(settings) == CertificateReport(right, ())

    old = CLIENT.but(name="Old client", begins=timedelta(days=-40)).made()
    (pki.folders.trusted.certificates / "old.der").write_bytes(old.der)
    ((what, remedy),) = report(settings).troubles
    assert what.startswith("'Old client' is trusted and refused all the same: it expired on ")
    assert remedy

    elsewhere = replace(settings, security=replace(settings.security, hosts=("gate.example",)))
    assert any("does not name gate.example" in what for what, _remedy in report(elsewhere).troubles)
    monkeypatch.setattr(certificate_report, "now_utc", lambda: datetime.now(UTC) + VALIDITY)
    assert any("expired on" in what and "pki renew" in remedy for what, remedy in report(settings).troubles)
    (pki.folders.own_keys / "analyser-gateway.pem").write_text("rubbish")
    assert any("is no private key" in what for what, _remedy in report(settings).troubles)
