"""`analyser-gateway user`: every change of the users file, and every way it can be refused."""

from __future__ import annotations

import getpass
import io
import os
import pty
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.adapters.opcua.security.application_identity import new_identity
from gateway.cli.command import run_command
from gateway.model.role import Role
from gateway.runtime.user_file import read_users

SETTINGS = """\
site: hall
users_file: users.json
operators:
  olga: {password: "${OLGA}"}
  otto: {hosts: [127.0.0.1]}
"""
PASSWORD = "correct horse"


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Not a whole settings file: users can be added before everything else is right."""
    monkeypatch.setenv("PASSWORD", PASSWORD)
    config = tmp_path / "plant.yaml"
    config.write_text(SETTINGS)
    return config


def user(config: Path, verb: str, *arguments: str) -> int:
    return run_command(["user", verb, str(config), *arguments])


def users_of(config: Path) -> dict[str, object]:
    return dict(read_users(config.parent / "users.json"))


def test_a_user_from_beginning_to_end(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = config.parent / "users.json"
    assert user(config, "add", "anna", "--role", "engineer", "--password-env", "PASSWORD") == 0
    assert capsys.readouterr().out == f"anna added to {file} as Engineer\n"
    assert file.stat().st_mode & 0o777 == 0o600
    anna = read_users(file)["anna"]
    assert anna.role is Role.ENGINEER
    assert anna.password is not None
    assert anna.password.fits(PASSWORD)
    assert user(config, "role", "anna", "observer") == 0
    assert user(config, "disable", "anna") == 0
    (config.parent / "new").write_text("another pass phrase\nsecond line\n")
    assert user(config, "passwd", "anna", "--password-file", str(config.parent / "new")) == 0
    changed = read_users(file)["anna"]
    assert (changed.role, changed.disabled) == (Role.OBSERVER, True)
    assert changed.password is not None
    assert changed.password.fits("another pass phrase")
    capsys.readouterr()
    assert user(config, "list") == 0
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["NAME", "ROLE", "LOGS", "IN", "BY"],
        ["olga", "Operator", "password", "operator", "of", "the", "settings"],
        ["otto", "Operator", "address,", "over", "EPICS", "operator", "of", "the", "settings"],
        ["anna", "Observer", "password", "disabled"],
    ]
    assert user(config, "enable", "anna") == 0
    assert not read_users(file)["anna"].disabled
    assert user(config, "remove", "anna") == 0
    assert users_of(config) == {}


def test_certificates(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    card = new_identity("urn:card", "Anna", []).certificate
    der, pem = tmp_path / "anna.der", tmp_path / "anna.pem"
    der.write_bytes(card.public_bytes(Encoding.DER))
    pem.write_bytes(card.public_bytes(Encoding.PEM))
    assert user(config, "add", "anna", "--certificate", str(der)) == 0
    anna = read_users(tmp_path / "users.json")["anna"]
    assert anna.password is None
    assert user(config, "certificate", "anna", str(pem)) == 0
    assert read_users(tmp_path / "users.json")["anna"] == anna
    assert user(config, "add", "ben", "--password-env", "PASSWORD") == 0
    assert user(config, "certificate", "ben", str(der)) == 2
    assert "the certificate is that of anna" in capsys.readouterr().err
    assert user(config, "certificate", "anna", str(der), "--remove") == 0
    assert user(config, "certificate", "anna", str(der), "--remove") == 2
    assert user(config, "certificate", "anna", str(config)) == 2
    assert "plant.yaml: no certificate can be read" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["add", "a b", "--password-env", "PASSWORD"], "'a b' is no user name"),
        (["add", "role:Operator", "--password-env", "PASSWORD"], "is no user name"),
        (["add", "olga", "--password-env", "PASSWORD"], "'olga' is under operators in the settings"),
        (["add", "anna", "--password-env", "NOWHERE"], "the environment has no variable NOWHERE"),
        (["add", "anna", "--password-env", "SHORT"], "${SHORT}: a password of 3 characters; give one of 8 to 128"),
        (["add", "annabelle", "--password-env", "NAME"], "the password is the user name"),
        (["add", "anna", "--password-file", "nowhere"], "nowhere: the password cannot be read"),
        (["add", "anna", "--password-file", "x", "--password-env", "PASSWORD"], "two passwords"),
        (["add", "anna"], "nobody can be asked for the password"),
        (["passwd", "anna", "--password-env", "PASSWORD"], "users.json: there is no user 'anna'; there are no users"),
        (["role", "anna", "operator"], "there is no user 'anna'"),
        (["remove", "anna"], "there is no user 'anna'"),
        (["disable", "anna"], "there is no user 'anna'"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(
    config: Path,
    arguments: list[str],
    complaint: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SHORT", "abc")
    monkeypatch.setenv("NAME", "Annabelle")
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    verb, *rest = arguments
    assert user(config, verb, *rest) == 2
    assert complaint in capsys.readouterr().err
    assert not (config.parent / "users.json").exists()


def test_a_user_is_not_added_twice(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert user(config, "add", "anna", "--password-env", "PASSWORD") == 0
    before = users_of(config)
    assert user(config, "add", "anna", "--password-env", "PASSWORD") == 2
    assert "user 'anna' is there already" in capsys.readouterr().err
    assert users_of(config) == before


def test_without_a_users_file_in_the_settings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "plant.yaml"
    config.write_text("site: hall\n")
    assert user(config, "list") == 2
    assert capsys.readouterr().err == f"{config}: the settings have no users_file; add 'users_file: users.json'\n"


def test_a_malformed_file_is_not_overwritten(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = config.parent / "users.json"
    file.write_text('{"format": 1, "users": {"anna": {"role": "Admin"}}}')
    before = file.read_text()
    assert user(config, "add", "ben", "--password-env", "PASSWORD") == 2
    assert f"{file}: users.anna.role: must be one of" in capsys.readouterr().err
    assert file.read_text() == before


@pytest.mark.parametrize(("again", "code"), [(PASSWORD, 0), ("another one", 2)])
def test_the_terminal_is_asked_twice(config: Path, again: str, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([PASSWORD, again])
    asked: list[str] = []
    monkeypatch.setattr(getpass, "getpass", lambda prompt: asked.append(prompt) or next(answers))
    master, slave = pty.openpty()
    try:
        with os.fdopen(slave) as terminal:
            monkeypatch.setattr(sys, "stdin", terminal)
            assert user(config, "add", "anna") == code
    finally:
        os.close(master)
    assert asked == ["Password for anna: ", "The same again: "]
    assert ("anna" in users_of(config)) is (code == 0)
