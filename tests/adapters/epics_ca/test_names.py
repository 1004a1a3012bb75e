"""PV names and settings, without the engine."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.adapters.epics_ca.kind import EPICS_CA
from gateway.adapters.epics_ca.names import pv_names
from gateway.adapters.epics_ca.settings import ChannelAccessSettings, RecsyncSettings, StatisticsSettings
from gateway.errors import SettingsError
from gateway.model.actions import ActionSpec
from gateway.model.points import DeviceSpec, PointGroup, PointSpec, SiteSpec, ValueKind
from gateway.model.pv_names import LetterCase, name_characters, name_problem


def site_of(device: str, *paths: tuple[str, ...]) -> SiteSpec:
    points = tuple(PointSpec(path, ValueKind.FLOAT, "") for path in paths)
    return SiteSpec("works", (DeviceSpec(device, "", "", "", (PointGroup(0, device, points),)),))


def test_names_follow_the_template_and_a_closing_value_is_dropped():
    site = site_of("stack", ("I1", "Value"), ("I1", "Fault"), ("Diagnostics", "Late"), ("Value",))
    names = [served.name for served in pv_names(site, ChannelAccessSettings(prefix="P-"))]
    assert names == ["P-stack:I1", "P-stack:I1:Fault", "P-stack:Diagnostics:Late", "P-stack:Value"]
    other = ChannelAccessSettings(name="{analyser}-{point}_RBV")
    assert pv_names(site, other)[0].name == "stack-I1_RBV"


def test_names_follow_the_rules_of_a_facility():
    site = site_of("stack", ("I1", "Value"), ("I1", "Fault"), ("Diagnostics", "Late"))
    rules = ChannelAccessSettings(
        prefix="bl11i-", name="{prefix}{site}-{analyser}-01:{point}", separator="_", case=LetterCase.UPPER
    )
    names = [served.name for served in pv_names(site, rules)]
    assert names == [f"BL11I-WORKS-STACK-01:{point}" for point in ("I1", "I1_FAULT", "DIAGNOSTICS_LATE")]
    narrow = replace(rules, characters="A-Z0-9_:")
    with pytest.raises(SettingsError, match=r"'BL11I-WORKS-STACK-01:I1' of stack/I1/Value has '-' in it; use A-Z0-9_:"):
        pv_names(site, narrow)
    assert len(pv_names(site, replace(narrow, prefix="BL_", name="{prefix}{analyser}:{point}"))) == 3
    with pytest.raises(SettingsError, match="has 't' in it"):
        pv_names(
            site_of("STACt", ("I1",)), replace(narrow, prefix="", name="{analyser}:{point}", case=LetterCase.AS_WRITTEN)
        )


def test_letters_of_one_case_can_make_two_names_the_same():
    site = site_of("stack", ("i1",), ("I1",))
    assert len(pv_names(site, ChannelAccessSettings())) == 2
    with pytest.raises(SettingsError, match="'stack:i1' of stack/I1 is taken by stack/i1"):
        pv_names(site, ChannelAccessSettings(case=LetterCase.LOWER))


def test_an_alias_names_a_point_or_all_points_below_a_path():
    site = site_of("stack", ("I1", "Value"), ("I1", "Fault"), ("I10", "Value"), ("Value",))

    def aliases(**given: str) -> list[tuple[str, ...]]:
        return [served.aliases for served in pv_names(site, ChannelAccessSettings(aliases=given))]

    assert aliases(O2="stack/I1/Value") == [("O2",), (), (), ()]
    assert aliases(O2="stack/I1") == [("O2",), ("O2:Fault",), (), ()]
    assert aliases(OLD="stack") == [("OLD:I1",), ("OLD:I1:Fault",), ("OLD:I10",), ("OLD:Value",)]
    assert aliases(O2="stack/I1/Value", OLD="stack/I1/Value") == [("O2", "OLD"), (), (), ()]


@pytest.mark.parametrize(
    ("alias", "target", "problem"),
    [
        ("O2", "stack/I2", "alias 'O2' is for 'stack/I2', which is no point; did you mean 'stack/I1'?"),
        ("O2", "stak/I1", "did you mean 'stack/I1'?"),
        ("O2", "", "alias 'O2' is for '', which is no point; write analyser/point as"),
        ("O 2", "stack/I1/Value", "PV name 'O 2' of stack/I1/Value has ' ' in it"),
        ("", "stack/I1/Value", "PV name '' of stack/I1/Value has nothing in it"),
        ("x" * 61, "stack/I1/Value", "has 61 characters, 60 are allowed"),
        ("stack:I1", "stack/I1/Fault", "PV name 'stack:I1' of stack/I1/Fault is taken by stack/I1/Value"),
        ("G:UPTIME", "stack/I1/Value", "PV name 'G:UPTIME' of stack/I1/Value is taken by the statistics"),
    ],
)
def test_aliases_that_cannot_be_served_are_told_with_their_key(alias: str, target: str, problem: str):
    site = site_of("stack", ("I1", "Value"), ("I1", "Fault"))
    settings = ChannelAccessSettings(aliases={alias: target}, statistics=StatisticsSettings("G:"))
    with pytest.raises(SettingsError) as caught:
        pv_names(site, settings)
    assert problem in caught.value.problems[0]
    assert caught.value.keys == (("aliases", alias),)


@given(st.text(max_size=8))
def test_characters_are_some_of_those_that_base_takes_or_refused(text: str):
    try:
        found = name_characters(text)
    except ValueError:
        return
    assert found
    assert all(name_problem(character) is None for character in found)
    assert set(text) - {"-"} <= found


def test_every_problem_is_told_at_once():
    site = site_of("stack gas", ("I1", "Value"), ("I1",), ("x" * 60,), ("a.b",))
    with pytest.raises(SettingsError) as caught:
        pv_names(site, ChannelAccessSettings())
    assert len(caught.value.problems) == 4
    with pytest.raises(SettingsError, match="is taken by stack/I1/Value"):
        pv_names(site_of("stack", ("I1", "Value"), ("I1",)), ChannelAccessSettings())
    with pytest.raises(SettingsError, match="has 66 characters, 60 are allowed"):
        pv_names(site_of("stack", ("x" * 60,)), ChannelAccessSettings())
    with pytest.raises(SettingsError, match="has ' ' in it"):
        pv_names(site_of("stack gas", ("I1",)), ChannelAccessSettings())


def test_names_of_commands_are_checked_but_are_no_points():
    def names(*paths: tuple[str, ...], action: str = "Blowback", prefix: str = "") -> list[str]:
        (device,) = site_of("stack", *paths).devices
        acting = replace(device, actions=(ActionSpec(action, ""),))
        return [served.name for served in pv_names(SiteSpec("works", (acting,)), ChannelAccessSettings(prefix=prefix))]

    assert names(("I1", "Value"), ("Action", "State")) == ["stack:I1", "stack:Action:State"]
    with pytest.raises(
        SettingsError, match=r"'stack:Action:Blowback' of stack/Action/Blowback is taken by stack/Action"
    ):
        names(("Action", "Blowback", "Value"))
    with pytest.raises(SettingsError, match="of stack/Action/Confirm is taken by stack/Action/Confirm"):
        names(action="Confirm")
    with pytest.raises(SettingsError, match="of stack/Action/Blowback has 61 characters"):
        names(prefix="x" * 40)
    assert len(pv_names(site_of("stack", ("Action", "Confirm")), ChannelAccessSettings())) == 1


@given(st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20))
def test_whatever_passes_is_a_legal_record_name(device: str, point: str):
    try:
        (served,) = pv_names(site_of(device, (point,)), ChannelAccessSettings())
    except SettingsError:
        return
    assert served.name.isascii()
    assert not set(served.name) & set(". \t\n\"'{}$%/")


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "{prefix}{point}"},
        {"name": "{analyser}:{point}:{unit}"},
        {"name": "{analyser"},
        {"name": "{analyser}:{point:>9}"},
        {"port": 65536},
        {"interfaces": ()},
        {"interfaces": ("localhost",)},
        {"beacons": ("here:0",)},
        {"max_name_length": 61},
        {"characters": ""},
        {"characters": "A-Z."},
        {"characters": "Z-A"},
    ],
)
def test_settings_that_cannot_be_used(wrong: dict[str, object]):
    with pytest.raises(ValueError, match=r"must|may|needs|cannot"):
        ChannelAccessSettings(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [{"receivers": ("here",)}, {"interface": ""}, {"port": 0}])
def test_recsync_settings_that_cannot_be_used(wrong: dict[str, object]):
    with pytest.raises(ValueError, match="must be"):
        RecsyncSettings(**wrong)  # type: ignore[arg-type]


def test_naming_does_not_import_the_engine():
    code = (
        "import sys; from gateway.adapters.epics_ca.kind import EPICS_CA; "
        "from gateway.model.points import SiteSpec; EPICS_CA.names(SiteSpec('s', ()), EPICS_CA.settings()); "
        "sys.exit('caproto' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_kind_makes_the_adapter_and_takes_only_its_own_settings():
    site = site_of("stack", ("I1", "Value"))
    assert EPICS_CA.create(site, ChannelAccessSettings()).endpoints == ()
    with pytest.raises(TypeError, match="ChannelAccessSettings are needed"):
        EPICS_CA.create(site, object())
