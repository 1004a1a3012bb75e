"""Writes nodes that are named by namespace into the address space of one server."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import cast

from asyncua import ua
from asyncua.server.address_space import AddressSpace
from asyncua.ua.attribute_ids import AttributeIds

from gateway.adapters.opcua.address_space.builder import add_nodes, add_reference
from gateway.adapters.opcua.engine.wire_types import data_value, status_code
from gateway.adapters.opcua.models.namespaces import Namespace, NodeRef
from gateway.adapters.opcua.models.node_table import (
    HAS_COMPONENT,
    HAS_PROPERTY,
    ONE_DIMENSION,
    PROPERTY_TYPE,
    SCALAR,
    BrowseName,
)

NULL = ua.Variant(None, ua.VariantType.Null)
_CONTINUOUS = 0.0
"""MinimumSamplingInterval: values are reported as they come, not sampled (OPC 10000-3 section 5.6.2)."""


class NodeWriter:
    """Collects nodes until `flush`, so that they are added in one batch.

    Args:
        aspace: Where to add; no client can see it yet.
        indices: Index of each namespace in that server.
    """

    def __init__(self, aspace: AddressSpace, indices: Mapping[Namespace, int]) -> None:
        self._aspace = aspace
        self._indices = indices
        self._ids: dict[NodeRef, ua.NodeId] = {}
        self._names: dict[BrowseName, tuple[ua.QualifiedName, ua.LocalizedText]] = {}
        self._items: list[ua.AddNodesItem] = []
        self._links: list[tuple[ua.NodeId, ua.NodeId, ua.NodeId]] = []
        self._qualities: list[tuple[ua.NodeId, ua.Variant, int]] = []

    def has(self, ref: NodeRef) -> bool:
        """Whether the node is there already."""
        return ref.namespace in self._indices and self.node(ref) in self._aspace

    def node(self, ref: NodeRef) -> ua.NodeId:
        """The node in this server.

        Raises:
            KeyError: Its namespace is not in use.
        """
        node_id = self._ids.get(ref)
        if node_id is None:
            node_id = self._ids[ref] = ref.node_id(self._indices)
        return node_id

    def add(
        self,
        node_id: ua.NodeId,
        parent: ua.NodeId,
        name: BrowseName,
        node_class: ua.NodeClass,
        attributes: ua.NodeAttributes,
        *,
        reference: NodeRef = HAS_COMPONENT,
        definition: NodeRef | None = None,
        display: str = "",
        description: str = "",
    ) -> None:
        """Add one node; it is shown under `display`, or else under its BrowseName."""
        browse_name, text = self._named(name)
        attributes.DisplayName = ua.LocalizedText(display) if display else text
        attributes.Description = ua.LocalizedText(description)
        item = ua.AddNodesItem(
            RequestedNewNodeId=node_id,
            ParentNodeId=parent,
            ReferenceTypeId=self.node(reference),
            BrowseName=browse_name,
            NodeClass=node_class,
            NodeAttributes=attributes,
        )
        if definition is not None:
            item.TypeDefinition = self.node(definition)
        self._items.append(item)

    def _named(self, name: BrowseName) -> tuple[ua.QualifiedName, ua.LocalizedText]:
        known = self._names.get(name)
        if known is None:
            qualified = ua.QualifiedName(name.text, self._indices[name.namespace])
            known = self._names[name] = qualified, ua.LocalizedText(name.text)
        return known

    def object(
        self,
        node_id: ua.NodeId,
        parent: ua.NodeId,
        name: BrowseName,
        definition: NodeRef,
        *,
        reference: NodeRef = HAS_COMPONENT,
        display: str = "",
        description: str = "",
    ) -> None:
        """Add an object."""
        self.add(
            node_id,
            parent,
            name,
            ua.NodeClass.Object,
            ua.ObjectAttributes(EventNotifier=ua.Byte(0)),
            reference=reference,
            definition=definition,
            display=display,
            description=description,
        )

    def variable(
        self,
        node_id: ua.NodeId,
        parent: ua.NodeId,
        name: BrowseName,
        definition: NodeRef,
        data_type: NodeRef,
        value: ua.Variant = NULL,
        *,
        reference: NodeRef = HAS_COMPONENT,
        rank: int = SCALAR,
        status: int = 0,
        description: str = "",
    ) -> None:
        """Add a variable that clients may read. `status` is the StatusCode of its value."""
        length = len(value.Value) if isinstance(value.Value, list) else None
        attributes = ua.VariableAttributes(
            Value=value,
            DataType=self.node(data_type),
            ValueRank=ua.Int32(rank),
            ArrayDimensions=cast("list[ua.UInt32]", None if length is None else [ua.UInt32(length)]),  # None: not there
            AccessLevel=ua.AccessLevel.CurrentRead.mask,
            UserAccessLevel=ua.AccessLevel.CurrentRead.mask,
            MinimumSamplingInterval=ua.Double(_CONTINUOUS),
        )
        self.add(
            node_id,
            parent,
            name,
            ua.NodeClass.Variable,
            attributes,
            reference=reference,
            definition=definition,
            description=description,
        )
        if status:
            self._qualities.append((node_id, value, status))

    def prop(
        self, node_id: ua.NodeId, parent: ua.NodeId, name: BrowseName, data_type: NodeRef, value: ua.Variant
    ) -> None:
        """Add a property: a scalar, or an array where the value is a list."""
        rank = ONE_DIMENSION if isinstance(value.Value, list) else SCALAR
        self.variable(node_id, parent, name, PROPERTY_TYPE, data_type, value, reference=HAS_PROPERTY, rank=rank)

    def method(self, node_id: ua.NodeId, parent: ua.NodeId, name: BrowseName, description: str) -> None:
        """Add a method. Who may call it is for the table of methods to say."""
        attributes = ua.MethodAttributes(Executable=True, UserExecutable=False)
        self.add(node_id, parent, name, ua.NodeClass.Method, attributes, description=description)

    def link(self, source: ua.NodeId, reference: NodeRef, target: ua.NodeId) -> None:
        """Add a reference between nodes, one of which may still be waiting for `flush`."""
        self._links.append((source, self.node(reference), target))

    def flush(self) -> None:
        """Add what has been collected.

        Raises:
            AdapterError: A node was refused.
        """
        items, self._items = self._items, []
        links, self._links = self._links, []
        qualities, self._qualities = self._qualities, []
        add_nodes(self._aspace, items)
        for source, reference, target in links:
            add_reference(self._aspace, source, reference, target)
        now = datetime.now(UTC)
        for node_id, value, status in qualities:
            attribute = self._aspace[node_id].attributes[AttributeIds.Value]
            attribute.value = data_value(value, status_code(status), now, now)
