"""Nodes of ours: what clients find is what asyncua itself would have built, and nothing half-made gets in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from asyncua import ua
from asyncua.server.address_space import AddressSpace, AttributeValue, NodeManagementService, ViewService

from gateway.adapters.opcua.address_space.builder import add_nodes, add_reference
from gateway.adapters.opcua.address_space.node_items import method_item, object_item, variable_item
from gateway.adapters.opcua.address_space.standard_nodes import add_standard_nodes
from gateway.adapters.opcua.engine.coroutine import run_without_suspending
from gateway.adapters.opcua.engine.wire_types import site_node, standard_node
from gateway.errors import AdapterError

IDS, ATTRIBUTES = ua.ObjectIds, ua.AttributeIds
OBJECTS = standard_node(IDS.ObjectsFolder)


def _folder(name: str = "a", parent: ua.NodeId = OBJECTS, **changes: Any) -> ua.AddNodesItem:
    kinds = {"reference": IDS.Organizes, "definition": IDS.FolderType, **changes}
    return object_item(site_node(name), parent, name, f"What {name} is", **kinds)


_PERCENT = ua.Variant("%", ua.VariantType.String)


def _property(parent: str, name: str = "Unit", value: ua.Variant = _PERCENT, **changes: Any) -> ua.AddNodesItem:
    kinds = {"reference": IDS.HasProperty, "definition": IDS.PropertyType, "data_type": IDS.String, **changes}
    return variable_item(
        site_node(f"{parent}/{name}"), site_node(parent), ua.QualifiedName(name, 0), "", value=value, **kinds
    )


def _items() -> Iterator[ua.AddNodesItem]:
    for name in ("a", "b"):
        yield _folder(name)
        yield _property(name)
        yield _property(name, "Sizes", ua.Variant([1, 2], ua.VariantType.Int32), data_type=IDS.Int32, length=2)
        yield method_item(site_node(f"{name}/Start"), site_node(name), "Start", "Begins")


@pytest.fixture
def aspace() -> AddressSpace:
    aspace = AddressSpace()
    add_standard_nodes(aspace)
    return aspace


def _seen(aspace: AddressSpace, node: ua.NodeId) -> tuple[dict[int, object], list[ua.ReferenceDescription]]:
    attributes = {int(each): aspace.read_attribute_value(node, each).Value for each in aspace[node].attributes}
    return attributes, aspace[node].references


def test_clients_find_what_asyncua_would_have_built(aspace: AddressSpace) -> None:
    stock = AddressSpace()
    add_standard_nodes(stock)
    for result in NodeManagementService(stock).add_nodes(list(_items())):
        result.StatusCode.check()
    add_nodes(aspace, _items())
    for node in (OBJECTS, *(item.RequestedNewNodeId for item in _items())):
        assert _seen(aspace, node) == _seen(stock, node), node


def test_constants_say_when_they_were_made(aspace: AddressSpace) -> None:
    add_nodes(aspace, _items())
    data = aspace.read_attribute_value(site_node("a/Unit"), ATTRIBUTES.Value)
    assert data.SourceTimestamp is not None
    assert data.ServerTimestamp is not None


REFUSED: list[tuple[str, Callable[[], list[ua.AddNodesItem]]]] = [
    ("s=a was refused: its NodeId is taken", lambda: [_folder(), _folder()]),
    ("s=a/Unit was refused: there is no parent ns=2;s=a", lambda: [_property("a")]),
    ("s=a was refused: there is no type i=99999", lambda: [_folder(definition=99999)]),
    ("s=a was refused: there is no ReferenceType i=99999", lambda: [_folder(reference=99999)]),
    ("refused: it has no NodeId", lambda: [_folder("")]),
    (
        "s=b was refused: i=85 has another 2:b",
        lambda: [_folder(), object_item(site_node("c"), OBJECTS, "b", "", reference=35, definition=61), _folder("b")],
    ),
    (
        "s=a/Unit2 was refused: ns=2;s=a has another 2:Unit",
        lambda: [
            _folder(),
            _property("a"),
            object_item(site_node("a/Unit2"), site_node("a"), "Unit", "", reference=35, definition=61),
        ],
    ),
]


@pytest.mark.parametrize(("words", "items"), REFUSED)
def test_refused_and_named(aspace: AddressSpace, words: str, items: Callable[[], list[ua.AddNodesItem]]) -> None:
    with pytest.raises(AdapterError, match=words):
        add_nodes(aspace, items())


def test_a_name_is_refused_however_long_ago_its_brother_came(aspace: AddressSpace) -> None:
    others = [_folder(f"f{n}", site_node("b")) for n in range(100)]
    again = object_item(site_node("other"), site_node("a"), "first", "", reference=IDS.Organizes, definition=61)
    below = [_property(f"f{n}") for n in range(100)]
    first = _folder("first", site_node("a"))
    with pytest.raises(AdapterError, match="s=other was refused"):
        add_nodes(aspace, [_folder("a"), first, _folder("b"), *others, *below, again])


def test_what_is_written_or_watched_is_the_nodes_own(aspace: AddressSpace) -> None:
    add_nodes(aspace, _items())
    seen: list[object] = []

    async def changed(_handle: int, data: ua.DataValue) -> None:
        seen.append(data.Value.Value)

    for attribute, kind, old, new in (
        (ATTRIBUTES.Value, ua.VariantType.String, "%", "ppm"),
        (ATTRIBUTES.AccessLevel, ua.VariantType.Byte, 1, 3),
    ):
        status, handle = aspace.add_datachange_callback(site_node("a/Unit"), attribute, changed)
        status.check()
        data = ua.DataValue(ua.Variant(new, kind))
        run_without_suspending(aspace.write_attribute_value(site_node("a/Unit"), attribute, data)).check()
        assert seen.pop() == new
        aspace.delete_datachange_callback(handle)
        assert aspace.read_attribute_value(site_node("a/Unit"), attribute) is data
        assert aspace.read_attribute_value(site_node("b/Unit"), attribute).Value.Value == old


def test_a_new_name_is_seen_from_everywhere(aspace: AddressSpace) -> None:
    add_nodes(aspace, _items())
    name = ua.LocalizedText("Another")
    data = ua.DataValue(ua.Variant(name, ua.VariantType.LocalizedText))
    run_without_suspending(aspace.write_attribute_value(site_node("a"), ATTRIBUTES.DisplayName, data)).check()
    add_reference(aspace, site_node("b"), IDS.Organizes, site_node("a"))
    for node in (OBJECTS, site_node("b"), site_node("a/Unit"), site_node("a/Start")):
        seen = [each.DisplayName for each in aspace[node].references if each.NodeId == site_node("a")]
        assert seen == [name], node


def test_an_attribute_can_be_bound(aspace: AddressSpace) -> None:
    add_nodes(aspace, _items())
    bound = AttributeValue(ua.DataValue(ua.Variant(1.0)))
    for attribute in (ATTRIBUTES.Value, ATTRIBUTES.ValueRank):
        aspace[site_node("a/Unit")].attributes[attribute] = bound
        assert aspace[site_node("a/Unit")].attributes[attribute] is bound
    answer = ua.DataValue(ua.Variant(2.0))
    aspace.set_attribute_value_callback(site_node("b/Unit"), ATTRIBUTES.Value, lambda _node, _attribute: answer).check()
    assert aspace.read_attribute_value(site_node("b/Unit"), ATTRIBUTES.Value) is answer


def test_attributes_that_a_node_does_not_have(aspace: AddressSpace) -> None:
    add_nodes(aspace, _items())
    assert ATTRIBUTES.Value not in aspace[site_node("a")].attributes
    assert aspace[site_node("a")].attributes.get(ATTRIBUTES.Value) is None
    data = aspace.read_attribute_value(site_node("a"), ATTRIBUTES.Value)
    assert data.StatusCode.value == ua.StatusCodes.BadAttributeIdInvalid


def _targets(aspace: AddressSpace, node: ua.NodeId, direction: ua.BrowseDirection) -> list[str]:
    wanted = ua.BrowseDescription(
        NodeId=node,
        BrowseDirection=direction,
        ReferenceTypeId=standard_node(IDS.HierarchicalReferences),
        IncludeSubtypes=True,
        NodeClassMask=0,
    )
    (result,) = ViewService(aspace).browse(ua.BrowseParameters(NodesToBrowse=[wanted]))
    return [reference.NodeId.to_string() for reference in result.References]


def test_a_reference_leads_both_ways_and_is_there_once(aspace: AddressSpace) -> None:
    add_nodes(aspace, _items())
    for _again in range(2):
        add_reference(aspace, site_node("b"), IDS.Organizes, site_node("a/Unit"))
    assert _targets(aspace, site_node("b"), ua.BrowseDirection.Forward).count("ns=2;s=a/Unit") == 1
    assert _targets(aspace, site_node("a/Unit"), ua.BrowseDirection.Inverse) == ["ns=2;s=a", "ns=2;s=b"]


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        (("a", IDS.Organizes, "nobody"), "not all of these nodes exist"),
        (("nobody", IDS.Organizes, "a"), "not all of these nodes exist"),
        (("a", 99999, "b"), "not all of these nodes exist"),
        (("a/Unit", IDS.HasProperty, "a"), "the other way round"),
    ],
)
def test_references_that_cannot_be(aspace: AddressSpace, ends: tuple[str, int, str], words: str) -> None:
    add_nodes(aspace, _items())
    source, reference, target = ends
    with pytest.raises(AdapterError, match=words):
        add_reference(aspace, site_node(source), reference, site_node(target))
