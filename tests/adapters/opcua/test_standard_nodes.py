"""Our form of the standard address space says to clients what asyncua's own does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from asyncua import ua
from asyncua.server.address_space import AddressSpace, NodeManagementService
from asyncua.server.standard_address_space.standard_address_space import fill_address_space

from gateway.adapters.opcua.address_space.standard_nodes import add_standard_nodes


@pytest.fixture(scope="module")
def stock() -> AddressSpace:
    aspace = AddressSpace()
    fill_address_space(NodeManagementService(aspace))
    return aspace


@pytest.fixture(scope="module")
def ours() -> AddressSpace:
    aspace = AddressSpace()
    add_standard_nodes(aspace)
    return aspace


def _references(aspace: AddressSpace, node: ua.NodeId) -> dict[tuple[object, ...], ua.ReferenceDescription]:
    found = {(each.ReferenceTypeId, each.IsForward, each.NodeId): each for each in aspace[node].references}
    assert len(found) == len(aspace[node].references), f"{node} has a reference twice"
    return found


def _attributes(aspace: AddressSpace, node: ua.NodeId) -> Iterator[tuple[int, ua.DataValue]]:
    for attribute in aspace[node].attributes:
        yield int(attribute), aspace.read_attribute_value(node, attribute)


def test_the_same_nodes(stock: AddressSpace, ours: AddressSpace) -> None:
    assert len(set(stock.keys())) > 6_000
    assert set(stock.keys()) == set(ours.keys())


def test_the_same_attributes(stock: AddressSpace, ours: AddressSpace) -> None:
    for node in stock.keys():  # noqa: SIM118  an address space is no mapping
        assert dict(_attributes(ours, node)) == dict(_attributes(stock, node)), node


def test_the_same_references_and_what_they_say(stock: AddressSpace, ours: AddressSpace) -> None:
    for node in stock.keys():  # noqa: SIM118
        own, expected = _references(ours, node), _references(stock, node)
        assert own.keys() == expected.keys(), node
        for key, reference in expected.items():
            if reference.TypeDefinition.is_null():  # asyncua does not know it of nodes that come later
                reference.TypeDefinition = own[key].TypeDefinition
            assert own[key] == reference, node
