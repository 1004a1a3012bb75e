"""From the method of a type to that of an instance (OPC 10000-4 section 5.12.2.2).

A client may call a method on an object by the NodeId that the method has in the type of the object.
"""

from __future__ import annotations

from collections.abc import Iterator

from asyncua import ua
from asyncua.server.address_space import AddressSpace
from asyncua.ua.object_ids import ObjectIds

from gateway.adapters.opcua.engine.wire_types import standard_node

_COMPONENT, _SUBTYPE, _TYPE = map(
    standard_node, (ObjectIds.HasComponent, ObjectIds.HasSubtype, ObjectIds.HasTypeDefinition)
)


def _targets(aspace: AddressSpace, node_id: ua.NodeId, reference: ua.NodeId, *, forward: bool) -> Iterator[ua.NodeId]:
    node = aspace.get(node_id)
    for one in () if node is None else node.references:
        if one.IsForward == forward and one.ReferenceTypeId == reference:
            yield one.NodeId


def types_of(aspace: AddressSpace, object_id: ua.NodeId) -> Iterator[ua.NodeId]:
    """The type of an object, then its supertypes from the nearest on; nothing for a node without a type."""
    current = next(_targets(aspace, object_id, _TYPE, forward=True), None)
    seen: set[ua.NodeId] = set()
    while current is not None and current not in seen:
        seen.add(current)
        yield current
        current = next(_targets(aspace, current, _SUBTYPE, forward=False), None)


def method_of(aspace: AddressSpace, object_id: ua.NodeId, method_id: ua.NodeId) -> ua.NodeId | None:
    """The object's own method that stands for `method_id` of its type; None if there is none."""
    name = next(
        (
            one.BrowseName
            for kind in types_of(aspace, object_id)
            for one in aspace[kind].references
            if one.IsForward and one.ReferenceTypeId == _COMPONENT and one.NodeId == method_id
        ),
        None,
    )
    if name is None:
        return None
    for one in aspace[object_id].references:
        if one.IsForward and one.ReferenceTypeId == _COMPONENT and one.BrowseName == name:
            found: ua.NodeId = one.NodeId
            return found
    return None
