"""A node in a tenth of the memory of asyncua's NodeData, and what looks like its attributes.

asyncua keeps five Python objects and a dictionary entry for every attribute of every node, 5 to 8 kB per variable. Here
a node keeps what is its own; the attributes that many nodes have alike (NodeClass, DataType, AccessLevel, ...) are one
shared `NodeShape`. An attribute takes the full form of asyncua, `AttributeValue`, when somebody writes or watches it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any, NamedTuple

from asyncua import ua
from asyncua.server.address_space import AddressSpace, AttributeValue
from asyncua.ua.attribute_ids import AttributeIds

_NODE_ID, _BROWSE_NAME = int(AttributeIds.NodeId), int(AttributeIds.BrowseName)
_DISPLAY_NAME, _DESCRIPTION = int(AttributeIds.DisplayName), int(AttributeIds.Description)
_NODE_CLASS, _VALUE = int(AttributeIds.NodeClass), int(AttributeIds.Value)


class Constant(NamedTuple):
    """What an attribute says until somebody writes it: the arguments of a Variant."""

    value: Any
    kind: ua.VariantType
    is_array: bool = False

    def data(self) -> ua.DataValue:
        """As a client gets it. A new one each time: asyncua hands it out to code that may change it."""
        return ua.DataValue(ua.Variant(self.value, self.kind, is_array=self.is_array))


NodeShape = Mapping[int, Constant]
"""Attributes that many nodes have alike, by AttributeId."""


class Labels(NamedTuple):
    """What people read of a node; shared by all nodes that are called and described alike."""

    browse_name: ua.QualifiedName
    display_name: ua.LocalizedText
    description: ua.LocalizedText


class _Attribute:
    """Looks like an `AttributeValue`, and becomes one when somebody changes or watches it."""

    __slots__ = ("_attribute", "_attributes", "_data", "_full")

    def __init__(self, attributes: NodeAttributes, attribute: int, data: ua.DataValue) -> None:
        self._attributes, self._attribute, self._data = attributes, attribute, data
        self._full: AttributeValue | None = None

    def _become_full(self) -> AttributeValue:
        if self._full is None:
            self._full = self._attributes.full(self._attribute, self._data)
        return self._full

    @property
    def value(self) -> ua.DataValue | None:
        return self._data if self._full is None else self._full.value

    @value.setter
    def value(self, value: ua.DataValue | None) -> None:
        self._become_full().value = value

    @property
    def value_callback(self) -> Callable[..., ua.DataValue] | None:
        return None if self._full is None else self._full.value_callback

    @value_callback.setter
    def value_callback(self, callback: Callable[..., ua.DataValue] | None) -> None:
        self._become_full().value_callback = callback

    @property
    def value_setter(self) -> Callable[..., None] | None:
        return None if self._full is None else self._full.value_setter

    @value_setter.setter
    def value_setter(self, setter: Callable[..., None] | None) -> None:
        self._become_full().value_setter = setter

    @property
    def datachange_callbacks(self) -> dict[int, Callable[..., Any]]:
        return self._become_full().datachange_callbacks


class NodeAttributes(MutableMapping[int, Any]):
    """The attributes of one node by AttributeId, as asyncua looks at them.

    Args:
        node_id: The node.
        shape: What it shares with others.
        labels: Its names.
        value: Its Value attribute, if it has one: constant until somebody writes, or bound to what writes it.
    """

    __slots__ = ("_node_id", "_shape", "_value", "_written", "labels")

    def __init__(
        self, node_id: ua.NodeId, shape: NodeShape, labels: Labels, value: ua.DataValue | AttributeValue | None
    ) -> None:
        self._node_id, self._shape, self._value = node_id, shape, value
        self.labels = labels
        self._written: dict[int, AttributeValue] | None = None

    def full(self, attribute: int, data: ua.DataValue) -> AttributeValue:
        """The full form of one attribute, from now on; `data` is what it says if it has none yet."""
        if attribute == _VALUE:
            if isinstance(self._value, ua.DataValue):
                self._value = AttributeValue(self._value)
            assert self._value is not None  # noqa: S101  only what is there can be asked for
            return self._value
        if self._written is None:
            self._written = {}
        return self._written.setdefault(attribute, AttributeValue(data))

    def constant(self, attribute: int) -> ua.DataValue | None:
        """What an attribute says that nobody has written or watched; None if there is no such attribute."""
        if attribute == _VALUE:
            return self._value if isinstance(self._value, ua.DataValue) else None
        if attribute == _NODE_ID:
            return Constant(self._node_id, ua.VariantType.NodeId).data()
        if attribute == _BROWSE_NAME:
            return Constant(self.labels.browse_name, ua.VariantType.QualifiedName).data()
        if attribute == _DISPLAY_NAME:
            return Constant(self.labels.display_name, ua.VariantType.LocalizedText).data()
        if attribute == _DESCRIPTION:
            return Constant(self.labels.description, ua.VariantType.LocalizedText).data()
        shared = self._shape.get(attribute)
        return None if shared is None else shared.data()

    def called(self) -> tuple[ua.NodeClass, ua.QualifiedName, ua.LocalizedText] | None:
        """Class, BrowseName and DisplayName, at a glance; None if any attribute has been written."""
        if self._written is not None:
            return None
        return self._shape[_NODE_CLASS].value, self.labels.browse_name, self.labels.display_name

    def __getitem__(self, attribute: int) -> AttributeValue | _Attribute:
        if self._written is not None and attribute in self._written:
            return self._written[attribute]
        if attribute == _VALUE and not isinstance(self._value, ua.DataValue):
            if self._value is None:
                raise KeyError(attribute)
            return self._value
        data = self.constant(attribute)
        if data is None:
            raise KeyError(attribute)
        return _Attribute(self, attribute, data)

    def __setitem__(self, attribute: int, value: AttributeValue) -> None:
        if attribute == _VALUE:
            self._value = value
        elif self._written is None:
            self._written = {attribute: value}
        else:
            self._written[attribute] = value

    def __delitem__(self, attribute: int) -> None:
        """Refused: a node never loses an attribute.

        Raises:
            TypeError: Always.
        """
        raise TypeError("attributes of a node cannot be deleted")

    def __contains__(self, attribute: object) -> bool:
        if attribute == _VALUE:
            return self._value is not None
        return (
            attribute in self._shape
            or attribute in (_NODE_ID, _BROWSE_NAME, _DISPLAY_NAME, _DESCRIPTION)
            or (self._written is not None and attribute in self._written)
        )

    def __iter__(self) -> Iterator[int]:
        names = (_NODE_ID, _BROWSE_NAME, _DISPLAY_NAME, _DESCRIPTION)
        yield from names
        yield from self._shape
        if self._value is not None:
            yield _VALUE
        yield from (each for each in self._written or () if each not in self._shape and each not in names)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class CompactNode:
    """Stands in for asyncua's NodeData.

    Attributes:
        nodeid: The node.
        attributes: Its attributes by AttributeId.
        references: To and from other nodes. Siblings share the descriptions of what they all refer to.
        call: What a method does when asyncua calls it; None, as every method of the gateway goes another way.
    """

    __slots__ = ("attributes", "call", "nodeid", "references")

    def __init__(self, attributes: NodeAttributes, node_id: ua.NodeId) -> None:
        self.nodeid = node_id
        self.attributes = attributes
        self.references: list[ua.ReferenceDescription] = []
        self.call: Callable[..., Any] | None = None

    def place(self, aspace: AddressSpace) -> None:
        """Become part of an address space."""
        aspace[self.nodeid] = self  # type: ignore[assignment]  # has all that NodeData has
