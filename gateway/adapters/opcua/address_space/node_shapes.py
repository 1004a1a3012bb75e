"""From the attributes of an AddNodesItem to what a compact node keeps of them."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from datetime import UTC, datetime
from functools import cache
from operator import attrgetter
from typing import Any, cast

from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds

from gateway.adapters.opcua.address_space.compact_node import CompactNode, Constant, Labels, NodeAttributes, NodeShape

_KIND = {
    "AccessLevel": ua.VariantType.Byte,
    "ArrayDimensions": ua.VariantType.UInt32,
    "ContainsNoLoops": ua.VariantType.Boolean,
    "DataType": ua.VariantType.NodeId,
    "EventNotifier": ua.VariantType.Byte,
    "Executable": ua.VariantType.Boolean,
    "Historizing": ua.VariantType.Boolean,
    "InverseName": ua.VariantType.LocalizedText,
    "IsAbstract": ua.VariantType.Boolean,
    "MinimumSamplingInterval": ua.VariantType.Double,
    "Symmetric": ua.VariantType.Boolean,
    "UserAccessLevel": ua.VariantType.Byte,
    "UserExecutable": ua.VariantType.Boolean,
    "UserWriteMask": ua.VariantType.UInt32,
    "ValueRank": ua.VariantType.Int32,
    "WriteMask": ua.VariantType.UInt32,
}
"""Attributes that many nodes have alike, and their types (OPC 10000-3 section 5)."""

_ARRAY = "ArrayDimensions"
_HAS_VALUE, _HAS_DEFINITION = int(ua.NodeAttributesMask.Value), int(ua.NodeAttributesMask.DataTypeDefinition)


@cache
def _names(mask: int) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
    names = tuple(name for name in _KIND if mask & ua.NodeAttributesMask[name])
    return names, attrgetter(*names, "SpecifiedAttributes")


def _hashable(value: object) -> Hashable:
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, ua.LocalizedText):
        return value.Locale, value.Text
    assert isinstance(value, Hashable)  # noqa: S101  numbers, NodeIds and tuples
    return value


class NodeMaker:
    """Makes compact nodes that share what they have in common; one for each batch of nodes.

    Args:
        stamped: Whether constant values say when they were made.
    """

    def __init__(self, *, stamped: bool) -> None:
        self._made = cast("ua.DateTime | None", datetime.now(UTC) if stamped else None)
        self._shapes: dict[tuple[Any, ...], NodeShape] = {}
        self._labels: dict[tuple[Any, ...], Labels] = {}
        self._values: dict[int, tuple[ua.Variant, ua.DataValue]] = {}

    def make(self, item: ua.AddNodesItem, node_id: ua.NodeId) -> CompactNode:
        """A node without references."""
        attributes: Any = item.NodeAttributes
        value = self._value(attributes.Value) if attributes.SpecifiedAttributes & _HAS_VALUE else None
        return CompactNode(NodeAttributes(node_id, self._shape(item), self._label(item), value), node_id)

    def _shape(self, item: ua.AddNodesItem) -> NodeShape:
        attributes: Any = item.NodeAttributes
        node_class, mask = item.NodeClass, int(attributes.SpecifiedAttributes)
        names, get = _names(mask)
        values = get(attributes)
        own_definition = mask & _HAS_DEFINITION and isinstance(attributes.DataTypeDefinition, ua.DataTypeDefinition)
        key: tuple[Hashable, ...] = (node_class, id(attributes) if own_definition else None, *values)
        try:
            shape = self._shapes.get(key)
        except TypeError:  # the lists and texts that few nodes have
            key = tuple(_hashable(value) for value in key)
            shape = self._shapes.get(key)
        if shape is None:
            shape = {int(AttributeIds.NodeClass): Constant(node_class, ua.VariantType.Int32)}
            for name, value in zip(names, values, strict=False):  # the mask itself comes last
                shape[int(AttributeIds[name])] = Constant(value, _KIND[name], name == _ARRAY)
            if mask & _HAS_DEFINITION:
                shape[int(AttributeIds.DataTypeDefinition)] = (
                    Constant(attributes.DataTypeDefinition, ua.VariantType.ExtensionObject)
                    if own_definition
                    else Constant(None, ua.VariantType.Null)
                )
            if not own_definition:
                self._shapes[key] = shape
        return shape

    def _label(self, item: ua.AddNodesItem) -> Labels:
        name, attributes = item.BrowseName, item.NodeAttributes
        display, description = attributes.DisplayName, attributes.Description
        key = (name.NamespaceIndex, name.Name, display.Locale, display.Text, description.Locale, description.Text)
        labels = self._labels.get(key)
        if labels is None:
            labels = self._labels[key] = Labels(name, display, description)
        return labels

    def _value(self, variant: ua.Variant) -> ua.DataValue:
        """Items that share a Variant share a DataValue."""
        known = self._values.get(id(variant))
        if known is None:
            data = ua.DataValue(variant, SourceTimestamp=self._made, ServerTimestamp=self._made)
            known = self._values[id(variant)] = variant, data  # holds the Variant, so that its id stays its own
        return known[1]
