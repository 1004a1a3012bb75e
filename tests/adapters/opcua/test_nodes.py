"""NodeIds come from names alone and cannot collide."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.adapters.opcua.node_ids import NODE_ID_LENGTH, method_nodes, namespace_uri, point_nodes
from gateway.errors import SettingsError
from gateway.model.actions import ACTION_POINTS, ActionSpec
from gateway.model.points import DeviceSpec, PointGroup, PointSpec, SiteSpec, ValueKind


def _site(*paths: tuple[str, ...], device: str = "stack") -> SiteSpec:
    points = tuple(PointSpec(path, ValueKind.FLOAT, "") for path in paths)
    return SiteSpec("demo", (DeviceSpec(device, "", "", "", (PointGroup(0, device, points),)),))


def test_every_point_in_order(site: SiteSpec) -> None:
    nodes = point_nodes(site)
    assert [node.node_id for node in nodes][:2] == ["ns=2;s=stack/I1/Value", "ns=2;s=stack/I1/Name"]
    assert nodes[-1].node_id == "ns=2;s=duct gas/D1/Value"
    assert len(nodes) == sum(len(device.points) for device in site.devices)


def test_browse_path_escapes_reserved_characters() -> None:
    (node,) = point_nodes(_site(("I.1", "O2:dry"), device="a&b"))
    assert node.browse_path == "/2:Analysers/2:a&&b/2:I&.1/2:O2&:dry"


def test_namespace_names_the_site_and_no_host(site: SiteSpec) -> None:
    assert namespace_uri(site) == "urn:analyser-gateway:works%207"


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (_site(("I1", "Value"), ("I1", "Value")), "given twice"),
        (_site(("I1",), ("I1", "Value")), "also holds other points"),
        (_site(("I1/2",)), "without '/'"),
        (_site(("",)), "cannot be in a NodeId"),
        (_site(()), "has no name"),
        (_site(("I1\n",)), "printable"),
        (_site(("x" * NODE_ID_LENGTH,)), "longer than"),
    ],
)
def test_names_that_cannot_be_served(broken: SiteSpec, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        point_nodes(broken)


def _with_actions(site: SiteSpec, *names: str) -> SiteSpec:
    (device,) = site.devices
    actions = tuple(ActionSpec(name, "") for name in names)
    return replace(site, devices=(replace(device, actions=actions),))


def test_actions_stand_beside_their_progress() -> None:
    site = _with_actions(_site(*(point.path for point in ACTION_POINTS)), "Start", "Stop")
    assert len(point_nodes(site)) == len(ACTION_POINTS)
    assert [method.identifier for method in method_nodes(site)] == ["stack/Action/Start", "stack/Action/Stop"]


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (_with_actions(_site(("Action", "Start")), "Start"), "of an action is also a point's"),
        (_with_actions(_site(("Action", "Start", "Last")), "Start"), "of an action is also a point's"),
        (_with_actions(_site(("Action", "Start", "InputArguments")), "Start"), "of an action is also a point's"),
        (_with_actions(_site(("Action",)), "Start"), "also holds other points"),
        (_with_actions(_site(("I1", "Value")), "Start/Now"), "without '/'"),
        (_with_actions(_site(("I1", "Value")), ""), "cannot be in a NodeId"),
    ],
)
def test_actions_that_cannot_be_served(broken: SiteSpec, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        point_nodes(broken)


def test_two_analysers_of_one_name() -> None:
    one = _site(("I1", "Value"))
    with pytest.raises(SettingsError, match="two analysers are called 'stack'"):
        point_nodes(replace(one, devices=one.devices * 2))


part = st.text(st.characters(codec="utf-8", exclude_characters="/"), min_size=1, max_size=5).filter(str.isprintable)


@given(st.sets(st.tuples(part, part), max_size=8))
def test_different_points_have_different_nodes(paths: set[tuple[str, str]]) -> None:
    nodes = point_nodes(_site(*sorted(paths)))
    assert len({node.node_id for node in nodes}) == len({node.browse_path for node in nodes}) == len(paths)


def test_listing_nodes_does_not_import_the_engine() -> None:
    code = (
        "import sys; from gateway.adapters.opcua import kind, node_ids, settings; "
        "from gateway.adapters.opcua.address_space import units; "
        "sys.exit(any(name.partition('.')[0] == 'asyncua' for name in sys.modules))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
