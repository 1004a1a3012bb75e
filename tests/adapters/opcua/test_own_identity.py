"""The server's own key and certificate: made once, kept, renewed in time, and never in the way of the site's own."""

from __future__ import annotations

import logging
import os
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from gateway.adapters.opcua.security.application_identity import VALIDITY
from gateway.adapters.opcua.security.own_identity import (
    CERTIFICATE_FILE,
    KEY_FILE,
    WantedIdentity,
    is_of_the_gateway,
    own_identity,
    renew,
)
from gateway.adapters.opcua.security.pki_folders import PkiFolders, application_uris, common_name
from gateway.errors import AdapterError, InputError
from tests.adapters.opcua.certificates import APPLICATION_USAGE, AUTHORITY, CLIENT, rsa_key

URI = "urn:plant:analyser-gateway:works7"
WANTED = WantedIdentity(URI, "Analyser gateway", ["plant", "127.0.0.1"])
NOW = datetime.now(UTC)
SERVER = CLIENT.but(name="Gateway of the site", uri="urn:site:gateway", usage=APPLICATION_USAGE, extended=None)


@pytest.fixture
def folders(tmp_path: Path) -> PkiFolders:
    made = PkiFolders(tmp_path / "pki")
    made.make()
    return made


def test_made_once_and_kept(folders: PkiFolders) -> None:
    first = own_identity(folders, WANTED, NOW)
    moved = replace(WANTED, application_uri="urn:another-host:analyser-gateway:works7", hosts=["another-host"])
    again = own_identity(folders, moved, NOW + VALIDITY / 2)
    assert again.thumbprint == first.thumbprint
    assert again.private_key.private_numbers() == first.private_key.private_numbers()
    assert application_uris(again.certificate) == [URI]
    assert is_of_the_gateway(again, folders)


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_nobody_else_can_read_the_key(folders: PkiFolders) -> None:
    own_identity(folders, WANTED, NOW)
    assert stat.S_IMODE(folders.own_keys.stat().st_mode) == 0o700
    assert stat.S_IMODE((folders.own_keys / KEY_FILE).stat().st_mode) == 0o600


def test_renewed_near_its_end_with_the_same_key_and_name(folders: PkiFolders, caplog: pytest.LogCaptureFixture) -> None:
    first = own_identity(folders, WANTED, NOW)
    caplog.clear()
    late = NOW + VALIDITY - timedelta(days=29)
    second = own_identity(folders, replace(WANTED, application_uri="urn:other"), late)
    assert second.thumbprint != first.thumbprint
    assert second.private_key.private_numbers() == first.private_key.private_numbers()
    assert application_uris(second.certificate) == [URI]
    assert second.certificate.not_valid_after_utc > late + VALIDITY - timedelta(days=1)
    (line,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert line.endswith(f"clients have to trust the new one, thumbprint {second.thumbprint}")
    assert own_identity(folders, WANTED, late).thumbprint == second.thumbprint
    third = renew(folders, WANTED, late, old=second, new_key=True)
    assert third.private_key.private_numbers() != second.private_key.private_numbers()
    assert own_identity(folders, WANTED, late).thumbprint == third.thumbprint


def test_the_key_of_a_deleted_certificate_is_used_again(folders: PkiFolders) -> None:
    first = own_identity(folders, WANTED, NOW)
    (folders.own_certificates / CERTIFICATE_FILE).unlink()
    second = own_identity(folders, WANTED, NOW)
    assert second.private_key.private_numbers() == first.private_key.private_numbers()


def test_a_certificate_of_the_site_comes_first_and_stays(folders: PkiFolders, caplog: pytest.LogCaptureFixture) -> None:
    own_identity(folders, WANTED, NOW)
    root = AUTHORITY.but(name="Site root").made()
    middle = AUTHORITY.but(name="Site servers", issuer=root).made()
    issued = SERVER.but(issuer=middle).made()
    file = folders.own_certificates / "site.crt"
    file.write_bytes(issued.pem + middle.pem + root.pem)
    (folders.own_keys / "site.key").write_bytes(issued.key_pem)
    (folders.own_keys / "site.key").chmod(0o640)
    identity = own_identity(folders, WANTED, NOW)
    assert identity.certificate == issued.certificate
    assert [common_name(one) for one in identity.issuers] == ["Site servers"]
    assert not is_of_the_gateway(identity, folders)
    before = file.read_bytes()
    caplog.clear()
    assert own_identity(folders, WANTED, NOW + timedelta(days=60)).certificate == issued.certificate
    assert file.read_bytes() == before
    texts = [record.getMessage() for record in caplog.records]
    assert any("expired on" in text and "put a new one of your authority" in text for text in texts)
    assert any("can be read by others: chmod 600" in text for text in texts)
    newer = SERVER.but(issuer=middle, begins=timedelta(0)).made()
    (folders.own_certificates / "newer.crt").write_bytes(newer.der)
    assert own_identity(folders, WANTED, NOW).certificate == newer.certificate


def test_hosts_of_the_settings_are_missed(folders: PkiFolders, caplog: pytest.LogCaptureFixture) -> None:
    own_identity(folders, WANTED, NOW)
    assert not [record for record in caplog.records if record.levelno == logging.WARNING]
    own_identity(folders, replace(WANTED, promised_hosts=["plant", "plant.example"]), NOW)
    (line,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert "does not name plant.example" in line
    assert "pki renew" in line


@pytest.mark.parametrize(
    ("certificate", "key", "what"),
    [
        (
            SERVER.made().der,
            rsa_key("somebody else"),
            "no key in .* fits the certificate .*site.der; put its key there",
        ),
        (b"rubbish", None, "site.der is no certificate"),
        (
            SERVER.but(uri=None, key_name="u").made().der,
            rsa_key("u", 2048),
            "names no ApplicationUri; it must have a URI",
        ),
        (SERVER.made().der, b"rubbish", "site.pem is no private key"),
        (SERVER.but(key_name="w", bits=1024).made().der, rsa_key("w", 1024), "cannot be used; an RSA key of 2048 to"),
    ],
)
def test_what_the_site_put_there_and_cannot_be_used(
    folders: PkiFolders, certificate: bytes, key: object, what: str
) -> None:
    (folders.own_certificates / "site.der").write_bytes(certificate)
    if isinstance(key, bytes):
        (folders.own_keys / "site.pem").write_bytes(key)
    elif key is not None:
        (folders.own_keys / "site.pem").write_bytes(replace(SERVER.made(), key=key).key_pem)  # type: ignore[arg-type]
    with pytest.raises(AdapterError, match=what):
        own_identity(folders, WANTED, NOW)


def test_an_encrypted_key(folders: PkiFolders) -> None:
    pem = rsa_key("e").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    (folders.own_keys / "site.pem").write_bytes(pem)
    with pytest.raises(AdapterError, match="is encrypted; store it without a pass phrase"):
        own_identity(folders, WANTED, NOW)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "pki").write_text("in the way")
    with pytest.raises(
        AdapterError, match=r"Not a directory; the user of the gateway must be able to write there"
    ) as it:
        PkiFolders(tmp_path / "pki").make()
    assert not isinstance(it.value, InputError)
