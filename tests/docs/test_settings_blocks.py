"""Every YAML block of the pages is checked by the loader of what it is a part of.

A block with a `title` is a whole file: of the gateway if it has a `site`, of the simulator if it has `lines`. A
`fragment` takes the place of its sections in a small file, which gets a bus or an analyser for each that the fragment
leaves open, and must then be right without a warning. Files of other tools are marked with the tool's name and only
parsed, as is what containers.md shows of Compose files.
"""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from gateway.cli.simulate import load_simulator
from gateway.errors import SettingsError
from gateway.model.bus_spec import LinkKind
from gateway.model.readings import ProtocolKind
from gateway.model.role import Role
from gateway.model.user import ROLE_ENTRIES, User
from gateway.runtime.user_file import write_users
from gateway.settings.load import check_settings, load_settings
from tests.docs.pages import BLOCKS, ROOT, Block

YAML_BLOCKS = [block for block in BLOCKS if block.language == "yaml"]
OUTSIDE = "outside"
"""Marks a file with a driver that the page itself brings; its own test checks it."""
OTHER_TOOLS = {"ser2net"}
WIRE_PROTOCOLS = [protocol for protocol in ProtocolKind if protocol is not ProtocolKind.LOCAL]


SECRET = re.compile(r"!file ([\w.-]+)")


def parsed(text: str) -> Any:
    return YAML(typ="safe").load(SECRET.sub(r"\1", text))


def write_secrets(text: str, folder: Path) -> None:
    """The reader makes these files by a command of the page."""
    for name in SECRET.findall(text):
        (folder / name).write_text("a long pass phrase\n")


def write_users_file(content: dict[str, Any], folder: Path) -> None:
    """The reader adds these users by a command of the page."""
    if "users_file" in content:
        allowed = {name for one in content["analysers"].values() for names in one["actions"].values() for name in names}
        users = {name: User(Role.ENGINEER) for name in allowed if name not in ROLE_ENTRIES}
        write_users(folder / content["users_file"], users)


def by_kind(kind: str) -> list[Any]:
    found = []
    for block in YAML_BLOCKS:
        content = parsed(block.text)
        is_a = (
            "other"
            if block.words & OTHER_TOOLS or block.page.name == "containers.md"
            else "fragment"
            if "fragment" in block.words
            else "simulator"
            if "lines" in content
            else "gateway"
        )
        if is_a == kind and OUTSIDE not in block.words:
            found.append(pytest.param(block, id=block.where))
    return found


def completed(fragment: dict[str, Any]) -> dict[str, Any]:
    """A whole file around a fragment."""
    buses = fragment.get("buses")
    analysers = fragment.get("analysers")
    if buses is None:
        wanted = {entry["bus"] for entry in (analysers or {"a": {"bus": "line1"}}).values()}
        buses = {name: {"link": f"/dev/tty-{name}", "protocol": "modbus-rtu"} for name in wanted}
    if analysers is None:
        analysers = {
            f"a{number}": {"driver": "servomex4100", "bus": name, "channels": {"I1": {"unit": "%"}}}
            for number, name in enumerate(buses)
        }
    adapters = fragment.get("adapters", {"opcua": {"anonymous": "observer"}})
    return fragment | {"site": "fragment", "buses": buses, "analysers": analysers, "adapters": adapters}


def settings_without_warnings(path: Path) -> None:
    assert check_settings(load_settings(path)).warnings == ()


@pytest.mark.parametrize("block", by_kind("gateway"))
def test_gateway_files(block: Block, tmp_path: Path) -> None:
    assert block.title, f"{block.where}: give the file a title, or mark it as a fragment"
    write_secrets(block.text, tmp_path)
    write_users_file(parsed(block.text), tmp_path)
    path = tmp_path / "gateway.yaml"
    path.write_text(block.text)
    settings_without_warnings(path)


@pytest.mark.parametrize("block", by_kind("fragment"))
def test_fragments(block: Block, tmp_path: Path) -> None:
    path = tmp_path / "gateway.yaml"
    with path.open("w") as file:
        YAML(typ="safe").dump(completed(parsed(block.text)), file)
    settings_without_warnings(path)


@pytest.mark.parametrize("block", by_kind("simulator"))
def test_simulator_files(block: Block, tmp_path: Path) -> None:
    assert block.title
    path = tmp_path / "simulator.yaml"
    path.write_text(block.text)
    assert load_simulator(path).lines


@pytest.mark.parametrize("block", by_kind("other"))
def test_files_of_other_tools_are_yaml(block: Block) -> None:
    assert parsed(block.text)


def test_the_table_of_links_and_protocols_is_what_the_checks_allow(tmp_path: Path) -> None:
    links = {
        LinkKind.SERIAL: "/dev/ttyUSB0",
        LinkKind.SOCKET: "socket://127.0.0.1:4001",
        LinkKind.RFC2217: "rfc2217://127.0.0.1:4001",
    }
    allowed = {}
    path = tmp_path / "gateway.yaml"
    for (kind, link), protocol in itertools.product(links.items(), WIRE_PROTOCOLS):
        with path.open("w") as file:
            YAML(typ="safe").dump(completed({"buses": {"b": {"link": link, "protocol": protocol.value}}}), file)
        try:
            load_settings(path)
        except SettingsError:
            allowed[kind, protocol] = "no"
        else:
            allowed[kind, protocol] = "yes"
    lines = (ROOT / "docs" / "how-to" / "serial-servers.md").read_text().splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    heading, _, *body = rows[:5]
    assert heading[1:] == [protocol.value for protocol in WIRE_PROTOCOLS]
    for kind, row in zip(links, body, strict=True):
        assert row[1:] == [allowed[kind, protocol] for protocol in WIRE_PROTOCOLS], row[0]
