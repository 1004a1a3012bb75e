"""The section of OPC UA: what it is when nothing is said, and what is warned of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.adapters.opcua.settings import AnonymousAccess, ModeName, OpcUaSettings, PolicyName
from gateway.settings.load import check_settings, load_settings

Problems = Callable[..., list[str]]
WARNING = (
    "f.yaml:10: adapters.opcua lets in nobody: it wants users, and there are none; add a users_file, or let everybody "
    "look with 'anonymous: observer'"
)


def section(text: str, environ: dict[str, str] | None = None) -> tuple[OpcUaSettings, tuple[str, ...]]:
    Path("f.yaml").write_text(text)
    settings = load_settings(Path("f.yaml"), environ=environ or {})
    options = settings.adapters["opcua"]
    assert isinstance(options, OpcUaSettings)
    return options, check_settings(settings).warnings


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_nothing_is_open_unless_it_is_said(working: str) -> None:
    options, warnings = section(working)
    assert options.anonymous is AnonymousAccess.OFF
    assert set(options.security.policies) == set(PolicyName) - {PolicyName.NONE}
    assert options.security.modes == tuple(ModeName)
    assert not options.security.is_open
    assert warnings == (WARNING,)


@pytest.mark.parametrize(
    ("opcua", "more"),
    [
        ("{anonymous: observer}", ""),
        ("{anonymous: off}", "operators: {anna: {password: '${PASS}'}}\n"),
    ],
)
def test_somebody_can_come(working: str, opcua: str, more: str) -> None:
    text = more + working.replace("opcua:", f"opcua: {opcua}")
    assert all("lets in nobody" not in one for one in section(text, {"PASS": "a long pass phrase"})[1])


def test_operators_of_channel_access_cannot_log_in(working: str) -> None:
    text = f"{working}operators: {{anna: {{hosts: [127.0.0.1]}}}}\n"
    assert WARNING in section(text)[1]


def test_the_folder_stands_beside_the_settings_unless_absolute(working: str, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for written, expected in (("pki", "deep/pki"), ("../keys", "deep/../keys"), ("/var/lib/pki", "/var/lib/pki")):
        path = Path("deep/f.yaml")
        path.write_text(working.replace("opcua:", f"opcua: {{security: {{pki: {written}}}}}"))
        options = load_settings(path, environ={}).adapters["opcua"]
        assert isinstance(options, OpcUaSettings)
        assert options.security.pki == Path(expected)


@pytest.mark.parametrize(
    ("opcua", "what"),
    [
        ("{security: {policies: []}}", "policies must not be empty"),
        ("{security: {modes: []}}", "modes must not be empty"),
        ("{security: {policies: [None, None]}}", "policies must not name anything twice"),
        ("{security: {policies: [Basic256]}}", "did you mean 'Basic256Sha256'?"),
        ("{security: {modes: [Encrypt]}}", "adapters.opcua.security.modes"),
        ("{security: {hosts: ['']}}", "hosts must be host names or addresses"),
        ("{anonymous: operator}", "adapters.opcua.anonymous must be off or observer"),
        ("{security: {policy: [None]}}", "did you mean 'policies'?"),
    ],
)
def test_what_cannot_be(problems_of: Problems, working: str, opcua: str, what: str) -> None:
    (problem,) = problems_of(working.replace("opcua:", f"opcua: {opcua}"))
    assert what in problem
