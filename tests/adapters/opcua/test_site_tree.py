"""The tree of a site keeps to the types that its nodes have, whatever a point knows of its range and unit."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest
from asyncua import ua
from asyncua.server.address_space import AddressSpace

from gateway.adapters.opcua.address_space.references import type_definition
from gateway.adapters.opcua.address_space.site_tree import add_site
from gateway.adapters.opcua.address_space.standard_nodes import add_standard_nodes
from gateway.adapters.opcua.engine.wire_types import site_node, standard_node
from gateway.adapters.opcua.node_ids import MethodNode
from gateway.model.actions import ActionArgument, ActionSpec
from gateway.model.points import DeviceSpec, PointGroup, PointSpec, SiteSpec, ValueKind

IDS, CLASSES = ua.ObjectIds, ua.NodeClass
RANGES = (None, (0.0, 25.0))
POINTS = tuple(
    PointSpec(
        (f"P{number}", "Value"),
        kind,
        "One of them all",
        unit=unit,
        display_range=display,
        instrument_range=instrument,
        precision=2,
    )
    for number, (kind, unit, display, instrument) in enumerate(product(ValueKind, ("", "%"), RANGES, RANGES))
)
ACTION = ActionSpec("Start", "Begins", (ActionArgument("Group", "Which", 1, 4),))


@pytest.fixture(scope="module")
def aspace() -> AddressSpace:
    aspace = AddressSpace()
    add_standard_nodes(aspace)
    devices = tuple(DeviceSpec(name, "", "", "", (PointGroup(0, name, POINTS),)) for name in ("a", "b"))
    add_site(SiteSpec("works", devices), (MethodNode("a", ACTION),), aspace)
    return aspace


def _children(aspace: AddressSpace, node: ua.NodeId, *kinds: int) -> Iterator[ua.ReferenceDescription]:
    wanted = {standard_node(kind) for kind in kinds}
    yield from (each for each in aspace[node].references if each.IsForward and each.ReferenceTypeId in wanted)


def _mandatory(aspace: AddressSpace, of_type: ua.NodeId) -> Iterator[str]:
    """Names of what instances must have, of the type and all it is derived from."""
    for child in _children(aspace, of_type, IDS.HasProperty, IDS.HasComponent):
        rules = _children(aspace, child.NodeId, IDS.HasModellingRule)
        if any(rule.NodeId == standard_node(IDS.ModellingRule_Mandatory) for rule in rules):
            yield child.BrowseName.Name
    for reference in aspace[of_type].references:
        if not reference.IsForward and reference.ReferenceTypeId == standard_node(IDS.HasSubtype):
            yield from _mandatory(aspace, reference.NodeId)


def _allowed(aspace: AddressSpace, of_type: ua.NodeId) -> Iterator[str]:
    yield from (each.BrowseName.Name for each in _children(aspace, of_type, IDS.HasProperty))
    for reference in aspace[of_type].references:
        if not reference.IsForward and reference.ReferenceTypeId == standard_node(IDS.HasSubtype):
            yield from _allowed(aspace, reference.NodeId)


@pytest.mark.parametrize("point", POINTS, ids=lambda point: f"{point.kind}-{point.unit}-{point.display_range}")
def test_a_variable_has_what_its_type_asks_for_and_nothing_else(aspace: AddressSpace, point: PointSpec) -> None:
    node = site_node(f"a/{point.browse_path}")
    definition = type_definition(aspace[node])
    assert definition in aspace
    found = {each.BrowseName.Name for each in _children(aspace, node, IDS.HasProperty)}
    assert found >= set(_mandatory(aspace, definition))
    assert found <= set(_allowed(aspace, definition))
    number = point.kind in (ValueKind.FLOAT, ValueKind.INTEGER)
    expected = {
        "EURange": number and point.display_range is not None,
        "InstrumentRange": number and point.instrument_range is not None,
        "EngineeringUnits": number and bool(point.unit),
        "ValuePrecision": point.kind is ValueKind.FLOAT,
    }
    assert found == {name for name, there in expected.items() if there}


def test_every_reference_is_there_from_both_ends_and_says_what_the_target_is(aspace: AddressSpace) -> None:
    ours = [node for node in aspace.keys() if node.NamespaceIndex == 2]  # noqa: SIM118  no mapping
    assert len(ours) > 2 * len(POINTS)
    for node in ours:
        for reference in aspace[node].references:
            target = aspace[reference.NodeId]
            for attribute, said in (
                (ua.AttributeIds.NodeClass, reference.NodeClass),
                (ua.AttributeIds.BrowseName, reference.BrowseName),
                (ua.AttributeIds.DisplayName, reference.DisplayName),
            ):
                assert aspace.read_attribute_value(reference.NodeId, attribute).Value.Value == said
            assert reference.TypeDefinition == type_definition(target)
            if reference.ReferenceTypeId != standard_node(IDS.HasTypeDefinition):
                back = (reference.ReferenceTypeId, not reference.IsForward, node)
                assert back in {(each.ReferenceTypeId, each.IsForward, each.NodeId) for each in target.references}


def test_methods_and_objects_hang_where_clients_look(aspace: AddressSpace) -> None:
    (folder,) = (
        each
        for each in _children(aspace, standard_node(IDS.ObjectsFolder), IDS.Organizes)
        if each.BrowseName.Name == "Analysers"
    )
    assert folder.TypeDefinition == standard_node(IDS.FolderType)
    assert [each.BrowseName.Name for each in _children(aspace, folder.NodeId, IDS.Organizes)] == ["a", "b"]
    (method,) = _children(aspace, site_node("a/Action"), IDS.HasComponent)
    assert method.NodeClass == CLASSES.Method
    arguments = {each.BrowseName.Name for each in _children(aspace, method.NodeId, IDS.HasProperty)}
    assert arguments == {"InputArguments", "OutputArguments"}


def test_equal_properties_are_kept_once(aspace: AddressSpace) -> None:
    point = next(point for point in POINTS if point.unit and point.display_range and point.kind is ValueKind.FLOAT)
    for name in ("EURange", "EngineeringUnits", "ValuePrecision"):
        one, other = (
            aspace.read_attribute_value(site_node(f"{device}/{point.browse_path}/{name}"), ua.AttributeIds.Value)
            for device in ("a", "b")
        )
        assert one is other
