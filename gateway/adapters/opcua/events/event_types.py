"""What the address space says of EventTypes: their hierarchy and their fields (OPC 10000-3 section 4.7)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from weakref import WeakKeyDictionary, ref

from asyncua import ua
from asyncua.server.address_space import AddressSpace
from asyncua.ua.object_ids import ObjectIds

from gateway.adapters.opcua.engine.wire_types import standard_node
from gateway.adapters.opcua.events.event import FieldPath

BASE_EVENT_TYPE = standard_node(ObjectIds.BaseEventType)
CONDITION_TYPE = standard_node(ObjectIds.ConditionType)
_SUBTYPE = standard_node(ObjectIds.HasSubtype)
_DEFINITION = standard_node(ObjectIds.HasTypeDefinition)
_MEMBERS = frozenset(map(standard_node, (ObjectIds.HasProperty, ObjectIds.HasComponent, ObjectIds.HasOrderedComponent)))


class EventTypes:
    """Every EventType of one address space. Types do not change while a server runs.

    Args:
        aspace: Address space with all its types.
    """

    def __init__(self, aspace: AddressSpace) -> None:
        self._aspace = ref(aspace)  # or it would never be freed: `_KNOWN` holds what is made here
        self._parent: dict[ua.NodeId, ua.NodeId | None] = {}
        self._declared: dict[tuple[int, str], list[tuple[ua.NodeId, ua.NodeId]]] = {}
        waiting: list[tuple[ua.NodeId, ua.NodeId | None]] = [(BASE_EVENT_TYPE, None)]
        while waiting:
            kind, parent = waiting.pop()
            if kind in self._parent:
                continue
            self._parent[kind] = parent
            waiting.extend((subtype, kind) for subtype in self._targets(kind, _SUBTYPE, forward=True))
            for name, member in self._members(kind):
                self._declared.setdefault(name, []).append((kind, member))

    @classmethod
    def of(cls, aspace: AddressSpace) -> EventTypes:
        """The types of an address space, collected at the first question (3 ms)."""
        known = _KNOWN.get(aspace)
        if known is None:
            known = _KNOWN[aspace] = cls(aspace)
        return known

    def __contains__(self, kind: object) -> bool:
        return kind in self._parent

    def is_a(self, kind: ua.NodeId, ancestor: ua.NodeId) -> bool:
        """Whether an EventType is another one or a subtype of it."""
        current: ua.NodeId | None = kind
        while current is not None:
            if current == ancestor:
                return True
            current = self._parent.get(current)
        return False

    def can_have(self, kind: ua.NodeId, path: FieldPath) -> bool:
        """Whether an event of this type or of one of its subtypes can have the field."""
        nodes = [
            member
            for declaring, member in self._declared.get(path[0], ())
            if self.is_a(kind, declaring) or self.is_a(declaring, kind)
        ]
        for step in path[1:]:
            nodes = [member for name, member in self._below(nodes) if name == step]
        return bool(nodes)

    def _below(self, nodes: Iterable[ua.NodeId]) -> Iterator[tuple[tuple[int, str], ua.NodeId]]:
        """Members of nodes, by their own references and by their types."""
        holders = set(nodes)
        for node in tuple(holders):
            current = next(self._targets(node, _DEFINITION, forward=True), None)
            while current is not None and current not in holders:
                holders.add(current)
                current = next(self._targets(current, _SUBTYPE, forward=False), None)
        for holder in holders:
            yield from self._members(holder)

    def _members(self, node_id: ua.NodeId) -> Iterator[tuple[tuple[int, str], ua.NodeId]]:
        for one in self._references(node_id):
            if one.IsForward and one.ReferenceTypeId in _MEMBERS:
                yield (one.BrowseName.NamespaceIndex, one.BrowseName.Name or ""), one.NodeId

    def _targets(self, node_id: ua.NodeId, reference: ua.NodeId, *, forward: bool) -> Iterator[ua.NodeId]:
        for one in self._references(node_id):
            if one.IsForward == forward and one.ReferenceTypeId == reference:
                yield one.NodeId

    def _references(self, node_id: ua.NodeId) -> Iterable[ua.ReferenceDescription]:
        aspace = self._aspace()
        node = None if aspace is None else aspace.get(node_id)
        return () if node is None else node.references


_KNOWN: WeakKeyDictionary[AddressSpace, EventTypes] = WeakKeyDictionary()
