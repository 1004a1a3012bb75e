"""Aliases from the settings file to the clients."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.adapters.epics_ca.access_rules import Permission, Rule
from gateway.adapters.epics_ca.access_settings import AccessSettings, Membership
from gateway.adapters.epics_ca.adapter import ChannelAccessAdapter
from gateway.adapters.epics_ca.settings import ChannelAccessSettings
from gateway.cli.describe import describe_points
from gateway.cli.find_point import find_point
from gateway.errors import SettingsError
from gateway.model.points import SiteSpec
from gateway.settings.load import load_settings
from tests.clients.libca import connected

SETTINGS = """\
site: works
buses:
  west: {protocol: modbus-tcp, link: "socket://127.0.0.1:502"}
analysers:
  stack:
    driver: servomex4100
    bus: west
    address: 1
    channels:
      I1: {unit: "%"}
adapters:
  epics_ca:
    prefix: "P:"
    aliases:
      LAB:O2: stack/I1/Value
      OLD:STACK: stack/I1
"""


def test_aliases_are_described_and_found(tmp_path: Path):
    config = tmp_path / "works.yaml"
    config.write_text(SETTINGS)
    out = io.StringIO()
    describe_points(config, "json", out)
    rows = {row["point"]: row for row in json.loads(out.getvalue())}
    assert rows["I1/Value"]["epics_ca_aliases"] == "LAB:O2 OLD:STACK"
    assert rows["I1/Name"]["epics_ca_aliases"] == "OLD:STACK:Name"
    assert find_point(load_settings(config), "LAB:O2", config).spec.path == ("I1", "Value")


@pytest.mark.parametrize(
    ("line", "wrong", "told"),
    [
        (16, SETTINGS.replace("OLD:STACK: stack/I1", "OLD:STACK: stack/I2"), "did you mean 'stack/I1'?"),
        (15, SETTINGS.replace("LAB:O2", '"LAB:O 2"'), "has ' ' in it"),
        (12, SETTINGS.replace('prefix: "P:"', 'characters: "A-Z"'), "use A-Z"),
    ],
)
def test_what_is_wrong_with_names_is_told_with_its_line(tmp_path: Path, line: int, wrong: str, told: str):
    config = tmp_path / "works.yaml"
    config.write_text(wrong)
    with pytest.raises(SettingsError) as caught:
        load_settings(config)
    assert any(f"works.yaml:{line}:" in problem and told in problem for problem in caught.value.problems)


async def test_clients_see_one_record_under_all_its_names(
    site: SiteSpec, serving: Callable[..., Any], update: Callable[..., Any]
):
    settings = ChannelAccessSettings(
        prefix="T:", interfaces=("127.0.0.1",), port=0, beacons=(), aliases={"LAB:O2": "stack/I1"}
    )
    adapter = ChannelAccessAdapter(site, settings)
    async with serving(adapter) as port, connected(port) as client:
        await client.monitor("LAB:O2", tag="alias")
        adapter.apply(update({"I1": 20.9, "I1:Fault": True}))
        assert (await client.events("alias", 2))[-1]["value"] == 20.9
        for name in ("T:stack:I1", "LAB:O2"):
            seen = await client.get(name, format="CTRL")
            assert (seen["value"], seen["units"]) == (20.9, "%")
        assert (await client.get("LAB:O2.NAME"))["value"] == "T:stack:I1"
        assert (await client.get("LAB:O2:Fault"))["value"] == 1


async def test_an_alias_is_in_the_access_security_group_of_its_record(site: SiteSpec, serving: Callable[..., Any]):
    access = AccessSettings(
        groups={"DEFAULT": (Rule(allow=Permission.READ),), "CLOSED": ()},
        members=(Membership("CLOSED", pvs=("T:stack:I1",)),),
    )
    settings = ChannelAccessSettings(
        prefix="T:", interfaces=("127.0.0.1",), port=0, beacons=(), aliases={"LAB:O2": "stack/I1"}, access=access
    )
    async with serving(ChannelAccessAdapter(site, settings)) as port, connected(port) as client:
        readable = {
            name: (await client.ask("info", name))["read"]
            for name in ("T:stack:I1", "LAB:O2", "T:stack:I1:Fault", "LAB:O2:Fault")
        }
    assert readable == {"T:stack:I1": False, "LAB:O2": False, "T:stack:I1:Fault": True, "LAB:O2:Fault": True}
