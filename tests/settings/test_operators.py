"""Who may do what: what arrives of it, and that no password ever comes out again."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from gateway import registry
from gateway.model.operator import Operator
from gateway.settings.load import check_settings, load_settings
from gateway.settings.schema import json_schema
from gateway.settings.site_spec import site_spec
from tests.settings import test_outside_drivers

Problems = Callable[..., list[str]]

SETTINGS = """\
site: works
audit_file: audit.jsonl
buses:
  line1: {link: /dev/ttyUSB0, protocol: modbus-rtu}
operators:
  alice: {password: !file pass.txt}
  b.ob@plant: {password: "${BOB}", hosts: [192.168.1.0/24, "fd00::7"]}
  carol: {hosts: [127.0.0.1]}
analysers:
  stack1:
    driver: servomex4100
    bus: line1
    channels: {I1: {unit: "%"}}
    actions: {StopAutocalibration: [alice, b.ob@plant], StartAutocalibration: [alice]}
  stack2: {driver: servomex4100, bus: line1, address: 2, channels: {I1: {unit: "%"}}}
adapters:
  opcua:
"""


def test_operators_arrive_and_their_passwords_stay_inside(problems_of: Problems):
    Path("pass.txt").write_text("opensesame\n")
    assert problems_of(SETTINGS, {"BOB": "0815"}) == []
    settings = load_settings(Path("f.yaml"), environ={"BOB": "0815"})
    assert settings.operators == {
        "alice": Operator("opensesame"),
        "b.ob@plant": Operator("0815", ("192.168.1.0/24", "fd00::7")),
        "carol": Operator(hosts=("127.0.0.1",)),
    }
    assert settings.audit_file == Path("audit.jsonl")
    assert "opensesame" not in repr(settings)
    assert "0815" not in repr(settings)
    assert check_settings(settings).warnings == (
        "f.yaml:8: operators.carol may not ask for anything; name it under the actions of an analyser, or remove it",
    )


def test_only_what_is_open_becomes_points_and_actions_in_the_order_of_the_driver(problems_of: Problems):
    Path("pass.txt").write_text("opensesame\n")
    assert problems_of(SETTINGS, {"BOB": "0815"}) == []
    one, two = site_spec(load_settings(Path("f.yaml"), environ={"BOB": "0815"})).devices
    assert [action.name for action in one.actions] == ["StartAutocalibration", "StopAutocalibration"]
    assert [group.name for group in one.groups][:2] == ["Acquired", "Action"]
    assert two.actions == ()
    assert two.group("Action") is None


def test_the_audit_file_stands_beside_the_settings_unless_its_path_is_absolute(tmp_path: Path, working: str):
    (tmp_path / "f.yaml").write_text(f"{working}audit_file: log/audit.jsonl\n")
    assert load_settings(tmp_path / "f.yaml", environ={}).audit_file == tmp_path / "log" / "audit.jsonl"
    (tmp_path / "f.yaml").write_text(f"{working}audit_file: /var/log/audit.jsonl\n")
    assert load_settings(tmp_path / "f.yaml", environ={}).audit_file == Path("/var/log/audit.jsonl")


def test_a_driver_without_actions_cannot_open_any(monkeypatch: pytest.MonkeyPatch, problems_of: Problems):
    monkeypatch.setitem(sys.modules, "outside", test_outside_drivers)
    monkeypatch.setitem(registry.DRIVERS, "scale", "outside:SCALE")
    registry._entries.cache_clear()
    text = test_outside_drivers.TEXT.replace("board: {port: 0, words: {refuse: 1}}", "opcua:")
    text = text.replace("port_number: 3", "port_number: 3\n    actions: {Tare: [alice]}")
    found = problems_of(text + "operators: {alice: {hosts: [127.0.0.1]}}\n")
    registry._entries.cache_clear()
    assert found == ["f.yaml:9: analysers.hopper.actions: driver scale has no actions; remove actions"]


@pytest.mark.parametrize(
    ("hosts", "peer", "admitted"),
    [
        (None, "203.0.113.9", True),
        (("192.168.1.20",), "192.168.1.20", True),
        (("192.168.1.20",), "192.168.1.21", False),
        (("192.168.1.0/24",), "192.168.1.21", True),
        (("192.168.1.0/24",), "::ffff:192.168.1.21", True),
        (("192.168.1.0/24",), "::ffff:192.168.2.21", False),
        (("fe80::/10",), "fe80::1%eth0", True),
        (("fe80::/10",), "10.0.0.1", False),
        (("10.0.0.0/8", "fd00::7"), "fd00::7", True),
        (("0.0.0.0/0",), "console", False),
        (("0.0.0.0/0",), "", False),
    ],
)
def test_peers_are_known_by_their_address(hosts: tuple[str, ...] | None, peer: str, admitted: bool):
    assert Operator(hosts=hosts).admits(peer) is admitted


@pytest.mark.parametrize(
    ("added", "valid"),
    [
        ({"operators": {"alice": {"hosts": ["10.0.0.1"]}}, "audit_file": "a.jsonl"}, True),
        ({"operators": {"alice": {"host": "10.0.0.1"}}}, False),
        ({"operators": {"alice": {"hosts": "10.0.0.1"}}}, False),
        ({"operators": {"al ice": {"hosts": ["10.0.0.1"]}}}, False),
        ({"audit_file": ""}, False),
    ],
)
def test_the_editor_marks_what_the_gateway_refuses(added: dict[str, object], valid: bool):
    document = {
        "site": "s",
        "buses": {"b": {"link": "/dev/ttyS0", "protocol": "modbus-rtu"}},
        "analysers": {"a": {"driver": "servomex4100", "bus": "b", "actions": {"StopAutocalibration": ["alice"]}}},
        "adapters": {"opcua": None},
    }
    assert Draft202012Validator(json_schema()).is_valid(document | added) is valid
