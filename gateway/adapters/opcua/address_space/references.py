"""What a node says of another one that it refers to (OPC 10000-4 section 7.29)."""

from __future__ import annotations

from typing import Any

from asyncua import ua
from asyncua.server.address_space import AddressSpace, NodeData
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds

from gateway.adapters.opcua.address_space.compact_node import CompactNode
from gateway.adapters.opcua.engine.wire_types import standard_node

_HAS_TYPE_DEFINITION = standard_node(ObjectIds.HasTypeDefinition)
_NO_TYPE = ua.NodeId()
_INSTANCES = (ua.NodeClass.Object, ua.NodeClass.Variable)

Node = NodeData | CompactNode


def _read(aspace: AddressSpace, node: Node, attribute: AttributeIds) -> Any:  # noqa: ANN401  of any type
    variant = aspace.read_attribute_value(node.nodeid, attribute).Value
    return None if variant is None else variant.Value


def _called(aspace: AddressSpace, node: Node) -> tuple[ua.NodeClass, ua.QualifiedName, ua.LocalizedText]:
    """Class, BrowseName and DisplayName."""
    if isinstance(node, CompactNode) and (known := node.attributes.called()) is not None:
        return known
    node_class = ua.NodeClass(_read(aspace, node, AttributeIds.NodeClass))
    return node_class, _read(aspace, node, AttributeIds.BrowseName), _read(aspace, node, AttributeIds.DisplayName)


def type_definition(node: Node) -> ua.NodeId:
    """The type of an object or a variable; the null NodeId where there is none."""
    return next(
        (each.NodeId for each in node.references if each.IsForward and each.ReferenceTypeId == _HAS_TYPE_DEFINITION),
        _NO_TYPE,
    )


def describe(aspace: AddressSpace, kind: ua.NodeId, target: Node, *, forward: bool) -> ua.ReferenceDescription:
    """A reference of one type to a node, for the list of the one that refers to it.

    Args:
        aspace: Where the target is.
        kind: Type of the reference.
        target: What is referred to.
        forward: Whether the one that has the reference is its source.
    """
    node_class, browse_name, display_name = _called(aspace, target)
    return ua.ReferenceDescription(
        ReferenceTypeId=kind,
        IsForward=forward,
        NodeId=target.nodeid,
        BrowseName=browse_name,
        DisplayName=display_name,
        NodeClass=node_class,
        TypeDefinition=type_definition(target) if node_class in _INSTANCES else _NO_TYPE,
    )


def type_reference(aspace: AddressSpace, definition: Node) -> ua.ReferenceDescription:
    """The HasTypeDefinition reference of every instance of a type."""
    return describe(aspace, _HAS_TYPE_DEFINITION, definition, forward=True)


def direction_of(kind: ua.NodeId, one: Node, other: Node) -> bool | None:
    """Whether a reference of this type leads from one node to the other (True), back (False), or not at all (None).

    References are known to both ends, so it looks at the end that has fewer: a type may have thousands.
    """
    if len(other.references) < len(one.references):
        direction = direction_of(kind, other, one)
        return None if direction is None else not direction
    target = other.nodeid
    found = (each.IsForward for each in one.references if each.NodeId == target and each.ReferenceTypeId == kind)
    return next(found, None)
