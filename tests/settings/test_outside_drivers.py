"""Drivers and adapters of other distributions: the settings layer knows nothing of them but the registry's contract."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import pytest
from annotated_types import Ge, Lt

from gateway import registry
from gateway.errors import SettingsError
from gateway.model.channel_spec import ChannelSpec
from gateway.model.device_description import DeviceDescription
from gateway.model.points import SiteSpec
from gateway.model.readings import ProtocolKind
from gateway.model.wire_time import WireExchange
from gateway.ports import Adapter, BroadcastSource, LinkOpener, ModbusBus, PollSource, ServedName
from gateway.settings.load import check_settings, load_settings
from gateway.settings.schema import json_schema

Problems = Callable[..., list[str]]


@dataclass(frozen=True, slots=True)
class ScaleSettings:
    """A balance.

    Attributes:
        port_number: Station. Counted from the left.
        mode: How it weighs.
    """

    port_number: Annotated[int, Ge(1), Lt(9)]
    mode: Literal["gross", "net"] | None = None
    tare: bool = False
    names: tuple[str, ...] = ()


class Scale:
    """Speaks Modbus ASCII only."""

    settings = ScaleSettings
    protocols = frozenset({ProtocolKind.MODBUS_ASCII})

    def check(self, settings: object, protocol: ProtocolKind) -> Sequence[tuple[tuple[str, ...], str]]:
        assert isinstance(settings, ScaleSettings)
        assert protocol in self.protocols
        return [(("port_number",), "station 7 is the printer; take another")] if settings.port_number == 7 else []

    def describe(self, settings: object, protocol: ProtocolKind) -> DeviceDescription:
        assert isinstance(settings, ScaleSettings)
        assert protocol in self.protocols
        return DeviceDescription("", "", {} if settings.port_number == 8 else {"W": ChannelSpec("kg")})

    def exchanges(self, settings: object, protocol: ProtocolKind) -> Sequence[WireExchange]:
        assert isinstance(settings, ScaleSettings)
        assert protocol in self.protocols
        return (WireExchange(8, 20),)

    def poll(self, device: str, settings: object, bus: ModbusBus) -> PollSource:
        raise NotImplementedError

    def listen(self, device: str, settings: object, wire: LinkOpener) -> BroadcastSource:
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class BoardSettings:
    """A score board.

    Attributes:
        port: TCP port. Any free one when 0.
    """

    port: int = 70000
    host: str = "127.0.0.1"
    words: dict[str, int] = field(default_factory=dict)


class Board:
    """Serves one name for everything, unless it is told to refuse them all."""

    settings = BoardSettings

    def names(self, site: SiteSpec, settings: object) -> Sequence[ServedName]:
        assert isinstance(settings, BoardSettings)
        points = [(group.device, point.path) for group in site.groups for point in group.points]
        if "refuse" in settings.words:
            raise SettingsError([f"board: {device}/{path[-1]} is too loud; whisper" for device, path in points])
        return [ServedName(*points[0], "one"), ServedName(*points[1], "one")]

    def create(self, site: SiteSpec, settings: object) -> Adapter:
        raise NotImplementedError


SCALE, BOARD = Scale(), Board()

TEXT = """\
site: works
buses:
  line1: {link: /dev/ttyUSB0, protocol: modbus-ascii}
analysers:
  hopper:
    driver: scale
    bus: line1
    port_number: 3
adapters:
  board: {port: 0, words: {refuse: 1}}
"""


@pytest.fixture(autouse=True)
def outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(sys.modules, "outside", sys.modules[__name__])
    monkeypatch.setitem(registry.DRIVERS, "scale", "outside:SCALE")
    monkeypatch.setitem(registry.DRIVERS, "absent", "nowhere_to_be_found:DRIVER")
    monkeypatch.setitem(registry.ADAPTERS, "board", "outside:BOARD")
    monkeypatch.setitem(registry.ADAPTERS, "lost", "nowhere_to_be_found:KIND")
    registry._entries.cache_clear()
    yield
    registry._entries.cache_clear()


def test_names_that_an_adapter_refuses_are_listed_but_not_all(problems_of: Problems):
    *listed, last = problems_of(TEXT)
    assert listed == [
        f"f.yaml:10: adapters.board: hopper/{point} is too loud; whisper" for point in ("Value", "Name", "Fault")
    ]
    assert re.fullmatch(r"f.yaml:10: adapters.board: and \d+ more names; they may have the same cause", last)


def test_a_name_served_twice_is_found_even_if_the_adapter_does_not(problems_of: Problems):
    (problem,) = problems_of(TEXT.replace(", words: {refuse: 1}", ""))
    assert problem == (
        "f.yaml:10: adapters.board: hopper.W.Name and hopper.W.Value would both be served as 'one'; "
        "rename one of the analysers or channels"
    )


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("3", "0", "f.yaml:8: analysers.hopper.port_number must be at least 1, got 0; correct the number"),
        ("3", "9", "f.yaml:8: analysers.hopper.port_number must be less than 9, got 9; correct the number"),
        ("3", "7", "f.yaml:8: analysers.hopper.port_number: station 7 is the printer; take another"),
        (
            "port_number: 3",
            "mode: net",
            "f.yaml:5: analysers.hopper has no 'port_number'; add 'port_number: ...' (station)",
        ),
        (
            "3",
            "3\n    mode: nett",
            "f.yaml:9: analysers.hopper.mode must be gross or net, got \"nett\"; did you mean 'net'?",
        ),
        (
            "3",
            "3\n    tare: yes",
            'f.yaml:9: analysers.hopper.tare must be true or false, got "yes"; write true or false, without quotes',
        ),
        ("3", "3\n    names: [a, 1]", "f.yaml:9: analysers.hopper.names[1] must be text, got 1; put it in quotes"),
        ("3", "8", "f.yaml:5: analysers.hopper has no channels; "),
        (
            "modbus-ascii",
            "modbus-rtu",
            "f.yaml:7: analysers.hopper: driver scale does not speak modbus-rtu, the protocol of bus 'line1'; it",
        ),
        ("driver: scale", "driver: absent", "f.yaml:6: driver 'absent' cannot be loaded: No module named"),
        ("  board:", "  lost:\n  board:", "f.yaml:10: adapter 'lost' cannot be loaded: No module named"),
        ("port: 0", "port: 65536", "f.yaml:10: adapters.board.port must be 0 to 65535, got 65536; 0 takes a free port"),
        (
            "board: {port: 0",
            "board: {port: 0, size: 1",
            "f.yaml:10: adapters.board has an unknown key 'size'; the keys",
        ),
        ("refuse: 1", "refuse: x", "f.yaml:10: adapters.board.words.refuse must be a whole number, got"),
    ],
)
def test_findings_name_the_key_and_the_remedy(problems_of: Problems, old: str, new: str, expected: str):
    found = problems_of(TEXT.replace(old, new, 1))
    assert any(problem.startswith(expected) for problem in found), found


@pytest.mark.parametrize(
    ("host", "taken"), [("127.0.0.1", True), ("127.0.0.2", False), ("0.0.0.0", True), ("'::'", True)]
)
def test_a_port_is_taken_only_on_the_same_address(problems_of: Problems, host: str, taken: bool):
    board = f"board: {{port: 4840}}\n  opcua: {{host: {host}}}"
    found = problems_of(TEXT.replace("board: {port: 0, words: {refuse: 1}}", board))
    expected = "f.yaml:11: adapters.opcua.port and adapters.board.port are both 4840; give one of them another port"
    assert (expected in found) is taken


def test_odd_but_usable_settings_are_warned_of(problems_of: Problems):
    text = TEXT.replace("board: {port: 0, words: {refuse: 1}}", "opcua: {anonymous: observer}")
    text = text.replace("analysers:", "  line2: {link: COM2, protocol: continuous}\nanalysers:")
    assert problems_of(text.replace("port_number: 3", "port_number: 3\n    rate_hz: 0.1\n    stale_after_s: 5")) == []
    assert check_settings(load_settings(Path("f.yaml"))).warnings == (
        "f.yaml:4: buses.line2 has no analyser; remove it, or name it as the bus of one",
        "f.yaml:11: analysers.hopper is stale after 5 s but polled only every 10 s; write at least 20",
    )


def test_the_schema_describes_their_keys(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delitem(registry.DRIVERS, "absent")
    monkeypatch.delitem(registry.ADAPTERS, "lost")
    registry._entries.cache_clear()
    schema = json_schema()
    scale = schema["$defs"]["driver.scale.ScaleSettings"]["properties"]
    assert scale["port_number"]["description"] == "Station. Counted from the left."
    assert scale["mode"]["description"] == "How it weighs."
    assert "board" in schema["properties"]["adapters"]["properties"]
