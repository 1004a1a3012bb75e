"""The only way nodes of ours get into the address space."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from asyncua import ua
from asyncua.server.address_space import AddressSpace, NodeData
from asyncua.ua.object_ids import ObjectIds

from gateway.adapters.opcua.address_space.compact_node import CompactNode
from gateway.adapters.opcua.address_space.node_shapes import NodeMaker
from gateway.adapters.opcua.address_space.references import describe, direction_of, type_reference
from gateway.adapters.opcua.engine.wire_types import standard_node
from gateway.errors import AdapterError
from gateway.model.garbage import not_collecting_garbage

_PROPERTY = standard_node(ObjectIds.HasProperty)
_FAMILIES = 64
"""Parents that are remembered while nodes are added: those that receive children in turn, and more."""


def _refused(subject: str, reason: str) -> AdapterError:
    return AdapterError(f"{subject} was refused: {reason}", where="opcua", hint="report this as a bug of the gateway")


@dataclass(slots=True)
class _Family:
    """A parent, the names its children have, and how they refer to it."""

    parent: NodeData | CompactNode
    names: set[tuple[ua.NodeId, int, str | None]]
    properties: set[str | None]
    inverse: dict[ua.NodeId, ua.ReferenceDescription]


class NodeBatch:
    """Adds nodes one by one, and holds what they share, for as long as there are more of their kind to come.

    Args:
        aspace: Where to add.
    """

    def __init__(self, aspace: AddressSpace) -> None:
        self._aspace = aspace
        self._maker = NodeMaker(stamped=True)
        self._families: OrderedDict[ua.NodeId, _Family] = OrderedDict()
        self._types: dict[ua.NodeId, ua.ReferenceDescription] = {}

    def add(self, item: ua.AddNodesItem) -> None:
        """Add one node.

        Raises:
            AdapterError: It cannot be there.
        """
        aspace, node_id = self._aspace, item.RequestedNewNodeId
        if node_id.has_null_identifier():
            raise self._refusal(item, "it has no NodeId")
        if node_id in aspace:
            raise self._refusal(item, "its NodeId is taken")
        reference = aspace.get(item.ReferenceTypeId)
        if reference is None:
            raise self._refusal(item, f"there is no ReferenceType {item.ReferenceTypeId.to_string()}")
        family = self._family(item)
        node = self._maker.make(item, node_id)
        kind = reference.nodeid
        if kind not in family.inverse:
            family.inverse[kind] = describe(aspace, kind, family.parent, forward=False)
        definition = self._type(item)
        back = family.inverse[kind]
        node.references = [back] if definition is None else [back, definition]
        labels = node.attributes.labels
        family.parent.references.append(
            ua.ReferenceDescription(
                ReferenceTypeId=kind,
                IsForward=True,
                NodeId=node_id,
                BrowseName=labels.browse_name,
                DisplayName=labels.display_name,
                NodeClass=item.NodeClass,
                TypeDefinition=item.TypeDefinition if definition is None else definition.NodeId,
            )
        )
        node.place(aspace)

    def _family(self, item: ua.AddNodesItem) -> _Family:
        name, kind = item.BrowseName, item.ReferenceTypeId
        family = self._families.get(item.ParentNodeId)
        if family is None:
            family = self._meet(item)
        else:
            self._families.move_to_end(item.ParentNodeId)
        child = (kind, name.NamespaceIndex, name.Name)
        if child in family.names or name.Name in family.properties:
            raise self._refusal(item, f"{item.ParentNodeId.to_string()} has another {name.to_string()}")
        family.names.add(child)
        if kind == _PROPERTY:
            family.properties.add(name.Name)
        return family

    def _meet(self, item: ua.AddNodesItem) -> _Family:
        parent = self._aspace.get(item.ParentNodeId)
        if parent is None:
            raise self._refusal(item, f"there is no parent {item.ParentNodeId.to_string()}")
        children = [reference for reference in parent.references if reference.IsForward]
        family = _Family(
            parent,
            {(each.ReferenceTypeId, each.BrowseName.NamespaceIndex, each.BrowseName.Name) for each in children},
            {each.BrowseName.Name for each in children if each.ReferenceTypeId == _PROPERTY},
            {},
        )
        self._families[parent.nodeid] = family
        if len(self._families) > _FAMILIES:
            self._families.popitem(last=False)
        return family

    def _type(self, item: ua.AddNodesItem) -> ua.ReferenceDescription | None:
        if item.TypeDefinition.is_null():
            return None
        known = self._types.get(item.TypeDefinition)
        if known is None:
            definition = self._aspace.get(item.TypeDefinition)
            if definition is None:
                raise self._refusal(item, f"there is no type {item.TypeDefinition.to_string()}")
            known = self._types[definition.nodeid] = type_reference(self._aspace, definition)
        return known

    def _refusal(self, item: ua.AddNodesItem, reason: str) -> AdapterError:
        return _refused(f"node {item.RequestedNewNodeId.to_string()}", reason)


def add_nodes(aspace: AddressSpace, items: Iterable[ua.AddNodesItem]) -> None:
    """Add nodes with the references to and from their parents, and to their types.

    Args:
        aspace: Where to add; no client can see it yet.
        items: As `node_items` makes them, parents before their children. They are looked at one by one. Nodes share
            what the items hold, so it must not be changed afterwards; those that share a Variant share a constant.

    Raises:
        AdapterError: A node has no parent or no type, or its NodeId or BrowseName is taken; it is named.
    """
    batch = NodeBatch(aspace)
    with not_collecting_garbage():
        for item in items:
            batch.add(item)


def add_reference(aspace: AddressSpace, source: ua.NodeId, reference: int | ua.NodeId, target: ua.NodeId) -> None:
    """Add a reference between nodes that exist, in both directions. One that is there already is left alone.

    Args:
        aspace: Where both are.
        source: From where it leads.
        reference: Its type; a number is one of OPC UA itself (`ObjectIds`).
        target: Where it leads.

    Raises:
        AdapterError: One of the nodes does not exist, or the same reference exists the other way round.
    """
    kind = standard_node(reference) if isinstance(reference, int) else reference
    one, other, definition = aspace.get(source), aspace.get(target), aspace.get(kind)
    if one is None or other is None or definition is None:
        raise _refused(_named(source, kind, target), "not all of these nodes exist")
    direction = direction_of(definition.nodeid, one, other)
    if direction is None:
        one.references.append(describe(aspace, definition.nodeid, other, forward=True))
        other.references.append(describe(aspace, definition.nodeid, one, forward=False))
    elif not direction:
        raise _refused(_named(source, kind, target), "it exists the other way round")


def _named(source: ua.NodeId, kind: ua.NodeId, target: ua.NodeId) -> str:
    return f"reference {source.to_string()} -> {target.to_string()} of type {kind.to_string()}"
