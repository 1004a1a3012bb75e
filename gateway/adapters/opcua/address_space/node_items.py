"""Nodes of each class as asyncua takes them."""

from __future__ import annotations

from typing import cast

from asyncua import ua
from asyncua.ua.object_ids import ObjectIds

from gateway.adapters.opcua.engine.wire_types import standard_node
from gateway.adapters.opcua.node_ids import SITE_NAMESPACE_INDEX

_CONTINUOUS = 0.0
"""MinimumSamplingInterval: values are reported as they come, not sampled (OPC 10000-3 section 5.6.2)."""


def object_item(
    node_id: ua.NodeId, parent: ua.NodeId, name: str, description: str, *, reference: int, definition: int
) -> ua.AddNodesItem:
    """An object of the site."""
    return ua.AddNodesItem(
        RequestedNewNodeId=node_id,
        ParentNodeId=parent,
        ReferenceTypeId=standard_node(reference),
        BrowseName=ua.QualifiedName(name, SITE_NAMESPACE_INDEX),
        NodeClass=ua.NodeClass.Object,
        TypeDefinition=standard_node(definition),
        NodeAttributes=ua.ObjectAttributes(
            DisplayName=ua.LocalizedText(name), Description=ua.LocalizedText(description), EventNotifier=0
        ),
    )


def variable_item(
    node_id: ua.NodeId,
    parent: ua.NodeId,
    name: ua.QualifiedName,
    description: str,
    *,
    reference: int,
    definition: int,
    data_type: int,
    value: ua.Variant,
    length: int | None = None,
) -> ua.AddNodesItem:
    """A variable that clients may read. `length` is that of an array; None for a scalar."""
    return ua.AddNodesItem(
        RequestedNewNodeId=node_id,
        ParentNodeId=parent,
        ReferenceTypeId=standard_node(reference),
        BrowseName=name,
        NodeClass=ua.NodeClass.Variable,
        TypeDefinition=standard_node(definition),
        NodeAttributes=ua.VariableAttributes(
            DisplayName=ua.LocalizedText(name.Name),
            Description=ua.LocalizedText(description),
            Value=value,
            DataType=standard_node(data_type),
            ValueRank=ua.ValueRank.Scalar if length is None else ua.ValueRank.OneDimension,
            ArrayDimensions=cast("list[ua.UInt32]", None if length is None else [ua.UInt32(length)]),  # None: not there
            AccessLevel=ua.AccessLevel.CurrentRead.mask,
            UserAccessLevel=ua.AccessLevel.CurrentRead.mask,
            MinimumSamplingInterval=_CONTINUOUS,
        ),
    )


def method_item(node_id: ua.NodeId, parent: ua.NodeId, name: str, description: str) -> ua.AddNodesItem:
    """A method of the site. `UserExecutable` is false for everybody; the session of an operator answers otherwise."""
    return ua.AddNodesItem(
        RequestedNewNodeId=node_id,
        ParentNodeId=parent,
        ReferenceTypeId=standard_node(ObjectIds.HasComponent),
        BrowseName=ua.QualifiedName(name, SITE_NAMESPACE_INDEX),
        NodeClass=ua.NodeClass.Method,
        NodeAttributes=ua.MethodAttributes(
            DisplayName=ua.LocalizedText(name),
            Description=ua.LocalizedText(description),
            Executable=True,
            UserExecutable=False,
        ),
    )
