"""Names: those of Channel Access, and what is told where they cannot be."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import registry
from gateway.adapters.epics_pva.names import pv_names
from gateway.adapters.epics_pva.pvi_tree import field_name
from gateway.adapters.epics_pva.settings import PvAccessSettings
from gateway.errors import SettingsError
from gateway.model.channel_spec import ChannelSpec
from gateway.model.device_description import DeviceDescription
from gateway.model.points import SiteSpec
from gateway.model.pv_names import LetterCase
from gateway.model.site_builder import build_site
from tests.adapters.epics_pva.works import SITE


def site(*analysers: str, channel: str = "I1") -> SiteSpec:
    return build_site(
        "works", [(name, "", DeviceDescription("", "", {channel: ChannelSpec("%")})) for name in analysers]
    )


@pytest.mark.parametrize(
    "settings",
    [
        {"prefix": "W:"},
        {"prefix": "W:", "name": "{prefix}{site}-{analyser}-AI:{point}", "separator": "_"},
        {"case": LetterCase.UPPER, "aliases": {"LAB:O2": "stack/I1", "FAULT": "stack/I2/Fault"}},
    ],
)
def test_the_same_settings_give_the_names_of_channel_access(settings: dict[str, Any]) -> None:
    access = registry.adapter("epics_ca")
    assert pv_names(SITE, PvAccessSettings(**settings)) == access.names(SITE, access.settings(**settings))


@pytest.mark.parametrize(
    ("analysers", "channel", "settings", "message"),
    [
        (("a.b",), "I1", {}, "has '.' in it"),
        (("a" * 50,), "I1", {}, "has 62 characters, 60 are allowed"),
        (("a",), "TABLE", {}, "PV name 'a:TABLE' of the table of a is taken by a/TABLE/Value; rename one of them"),
        (("a-b", "a_b"), "I1", {"prefix": "W:"}, "'a_b' and 'a-b' would be one field of the PVI of the site; rename"),
        (("a",), "I1", {"aliases": {"X": "b/I1"}}, "alias 'X' is for 'b/I1', which is no point"),
        (("a",), "I1", {"aliases": {"a:PVI": "a/I1"}}, "PV name 'a:PVI' of a/I1/Value is taken by the PVI of a"),
    ],
)
def test_names_that_cannot_be_are_told_with_their_place(
    analysers: tuple[str, ...], channel: str, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(SettingsError, match=re.escape(message)):
        pv_names(site(*analysers, channel=channel), PvAccessSettings(**settings))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"name": "{prefix}{point}"}, "needs {analyser} and {point}"),
        ({"interfaces": ()}, "interfaces must not be empty"),
        ({"interfaces": ("gateway.example",)}, "must be an IPv4 address of this machine"),
        ({"port": 65536}, "port must be 0 to 65535"),
        ({"broadcast_port": -1}, "broadcast_port must be 0 to 65535"),
        ({"beacons": ("host:0",)}, "beacon 'host:0' must be host or host:port"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        PvAccessSettings(**settings)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("WarmingUp", "warming_up"), ("I1", "i1"), ("CO2", "co2"), ("NO2Low", "no2_low"), ("2nd-gas", "_2nd_gas")],
)
def test_fields_are_called_as_attributes_are(name: str, expected: str) -> None:
    assert field_name(name) == expected


@given(st.text(min_size=1))
def test_every_name_makes_a_field(name: str) -> None:
    assert re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", field_name(name), re.ASCII)


def test_the_section_is_checked_where_the_engine_is_missing(tmp_path: Path) -> None:
    """As on a machine without p4p: exit code 2 and what to install, before anything starts."""
    config = tmp_path / "gateway.yaml"
    config.write_text(
        "site: works\nbuses: {line: {link: /dev/ttyUSB0, protocol: modbus-rtu}}\n"
        "analysers: {stack: {driver: servomex4100, bus: line, channels: {I1: {unit: '%'}}}}\n"
        "adapters: {epics_pva: {}}\n"
    )
    without = (
        "import sys; from importlib.machinery import PathFinder\n"
        "class Without:\n"
        "    find_spec = staticmethod(lambda name, *_: None if name.partition('.')[0] == 'p4p'"
        " else PathFinder.find_spec(name, *_))\n"
        "sys.meta_path[:] = [one for one in sys.meta_path if one is not PathFinder] + [Without]\n"
        "from gateway.__main__ import main; sys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", without, "check", str(config)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2, done
    assert "adapters.epics_pva: pvAccess needs the package p4p, which is not installed" in done.stderr
    assert "pip install 'analyser-gateway[pva]'" in done.stderr
    assert "Traceback" not in done.stderr
