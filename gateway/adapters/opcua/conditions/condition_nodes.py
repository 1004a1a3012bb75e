"""Conditions in the address space: `<analyser>/Alarms/<condition>` (OPC 10000-9 section 5.10).

A condition has fifty nodes below it at which hardly anybody looks. They are made when somebody does: by browsing the
condition, or by naming one of them. Their values are worked out when they are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from asyncua import ua
from asyncua.server.address_space import AddressSpace, NodeData
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds

from gateway.adapters.opcua.address_space.builder import NodeBatch, add_nodes, add_reference
from gateway.adapters.opcua.address_space.node_items import object_item, variable_item
from gateway.adapters.opcua.address_space.references import describe
from gateway.adapters.opcua.conditions.condition import Condition
from gateway.adapters.opcua.conditions.condition_fields import rows_of
from gateway.adapters.opcua.conditions.condition_methods import CONDITION_METHODS, SHELVING_METHODS, ConditionMethod
from gateway.adapters.opcua.conditions.field_rows import FieldRow
from gateway.adapters.opcua.engine.wire_types import data_value, site_node, standard_node
from gateway.adapters.opcua.node_ids import ALARM_FOLDER

_IDS = ObjectIds
_NULL = ua.Variant(None, ua.VariantType.Null)
_COMPONENT = standard_node(_IDS.HasComponent)
_STATE_MACHINES = {
    "ShelvingState": _IDS.ShelvedStateMachineType,
    "LimitState": _IDS.ExclusiveLimitStateMachineType,
}
_PARTS = 3
"""Of the identifier of a condition: analyser, folder, condition."""


class _ConditionNode:
    """Stands in for the object of a condition; its references are complete once somebody looks at them."""

    __slots__ = ("_complete", "_references", "attributes", "call", "nodeid")

    def __init__(self, node: NodeData, complete: Callable[[], None]) -> None:
        self.nodeid = node.nodeid
        self.attributes = node.attributes
        self.call = None
        self._references = node.references
        self._complete: Callable[[], None] | None = complete

    @property
    def references(self) -> list[ua.ReferenceDescription]:
        """To and from other nodes."""
        if self._complete is not None:
            complete, self._complete = self._complete, None
            complete()
        return self._references


class _PulledValue:
    """The Value attribute of a node below a condition; stands in for asyncua's AttributeValue."""

    __slots__ = ("_condition", "_row", "_watchers")

    value_setter = None

    def __init__(self, condition: Condition, row: FieldRow) -> None:
        self._condition = condition
        self._row = row
        self._watchers: dict[int, Callable[..., Any]] | None = None

    @property
    def value(self) -> ua.DataValue:
        """As it is now."""
        return self.value_callback()

    def value_callback(self, _node_id: object = None, _attribute: object = None) -> ua.DataValue:
        """As it is now; that there is such a method tells watchers to look again and again."""
        condition, row = self._condition, self._row
        value = row.variant(condition)
        at, now = condition.alarm.event_at.utc, condition.clock.stamp().utc
        if isinstance(value.Value, ua.StatusCode) and row.kind != ua.VariantType.StatusCode:
            return data_value(_NULL, value.Value, at, now)  # the condition is disabled
        return data_value(value, ua.StatusCode(), at, now)

    @property
    def datachange_callbacks(self) -> dict[int, Callable[..., Any]]:
        """Those of watchers, who are not told anything."""
        if self._watchers is None:
            self._watchers = {}
        return self._watchers


class _Nodes(dict[ua.NodeId, NodeData]):
    """The nodes of an address space; some are made when they are first asked for.

    Args:
        nodes: Those that there are.
        make: Makes the node if it can be made.
    """

    def __init__(self, nodes: dict[ua.NodeId, NodeData], make: Callable[[ua.NodeId], None]) -> None:
        super().__init__(nodes)
        self._make = make

    def __missing__(self, node_id: ua.NodeId) -> NodeData:
        self._make(node_id)
        node = super().get(node_id)
        if node is None:
            raise KeyError(node_id)
        return node

    def __contains__(self, node_id: object) -> bool:
        return isinstance(node_id, ua.NodeId) and self.get(node_id) is not None

    def get(self, node_id: ua.NodeId, default: Any = None) -> Any:  # noqa: ANN401
        """The node, made if need be."""
        node = super().get(node_id)
        if node is None:
            self._make(node_id)
            node = super().get(node_id)
        return default if node is None else node


class ConditionNodes:
    """The nodes of all conditions.

    Args:
        aspace: Address space with the nodes of the site.
        conditions: All of them.
        health_folders: Analyser to the folder in which its companion model has the alarms of its health.
    """

    def __init__(
        self, aspace: AddressSpace, conditions: Iterable[Condition], health_folders: Mapping[str, ua.NodeId]
    ) -> None:
        self._aspace = aspace
        self._health_folders = health_folders
        self._conditions = {condition.spec.identifier: condition for condition in conditions}
        self._batch = NodeBatch(aspace)

    def install(self) -> None:
        """Add the conditions. After everything else that refers to nodes of the site, so that nothing looks yet."""
        add_nodes(self._aspace, self._items())
        for condition in self._conditions.values():
            add_reference(self._aspace, condition.source_id, _IDS.HasCondition, condition.node_id)
            health_folder = self._health_folders.get(condition.spec.device)
            if condition.spec.health is not None and health_folder is not None:
                add_reference(self._aspace, health_folder, _IDS.HasComponent, condition.node_id)
        for condition in self._conditions.values():
            self._fold(condition)
        nodes = self._aspace._nodes  # noqa: SLF001  it has no other door
        self._aspace._nodes = _Nodes(nodes, self._make)  # noqa: SLF001

    def _items(self) -> Iterator[ua.AddNodesItem]:
        folders: set[str] = set()
        for condition in self._conditions.values():
            device = condition.spec.device
            folder = site_node(f"{device}/{ALARM_FOLDER}")
            if device not in folders:
                folders.add(device)
                yield object_item(
                    folder,
                    site_node(device),
                    ALARM_FOLDER,
                    "Alarms of the analyser",
                    reference=_IDS.HasComponent,
                    definition=_IDS.FolderType,
                )
            item = object_item(
                condition.node_id,
                folder,
                condition.spec.title,
                condition.spec.kind.meaning,
                reference=_IDS.HasComponent,
                definition=_IDS.AlarmConditionType,
            )
            item.TypeDefinition = condition.event_type
            yield item

    def _fold(self, condition: Condition) -> None:
        node = self._aspace[condition.node_id]
        folded: Any = _ConditionNode(node, lambda: self._unfold(condition))
        self._aspace[condition.node_id] = folded

    def _make(self, node_id: ua.NodeId) -> None:
        identifier = node_id.Identifier
        if isinstance(identifier, str) and f"/{ALARM_FOLDER}/" in identifier:
            condition = self._conditions.get("/".join(identifier.split("/")[:_PARTS]))
            if condition is not None:
                _ = self._aspace[condition.node_id].references  # looking at them makes the nodes

    def _unfold(self, condition: Condition) -> None:
        rows = list(rows_of(condition))
        for item in self._parts(condition, rows):
            self._batch.add(item)
        for row in rows:
            self._bind(condition, row)
        self._refer_to_methods(condition.node_id, CONDITION_METHODS)
        self._refer_to_methods(condition.shelving_id, SHELVING_METHODS)

    def _parts(self, condition: Condition, rows: Iterable[FieldRow]) -> Iterator[ua.AddNodesItem]:
        machines: set[str] = set()
        for row in rows:
            first = row.path[0][1]
            if first in _STATE_MACHINES and first not in machines:
                machines.add(first)
                machine = object_item(
                    site_node(f"{condition.spec.identifier}/{first}"),
                    condition.node_id,
                    first,
                    "",
                    reference=_IDS.HasComponent,
                    definition=_STATE_MACHINES[first],
                )
                machine.BrowseName = ua.QualifiedName(first, 0)
                yield machine
            yield variable_item(
                _place(condition, row),
                _parent(condition, row),
                ua.QualifiedName(row.path[-1][1], 0),
                "",
                reference=_IDS.HasProperty if row.is_property else _IDS.HasComponent,
                definition=row.definition,
                data_type=row.data_type,
                value=_NULL,
            )

    def _bind(self, condition: Condition, row: FieldRow) -> None:
        pulled: Any = _PulledValue(condition, row)
        self._aspace[_place(condition, row)].attributes[AttributeIds.Value] = pulled

    def _refer_to_methods(self, owner: ua.NodeId, methods: Iterable[ConditionMethod]) -> None:
        """Conditions share the methods of their types (OPC 10000-3 section 6.4.4.3); those do not refer back."""
        references = self._aspace[owner].references
        for method in methods:
            target = self._aspace[standard_node(method.ids[0])]
            references.append(describe(self._aspace, _COMPONENT, target, forward=True))


def _place(condition: Condition, row: FieldRow) -> ua.NodeId:
    return site_node("/".join((condition.spec.identifier, *(name for _namespace, name in row.path))))


def _parent(condition: Condition, row: FieldRow) -> ua.NodeId:
    return site_node("/".join((condition.spec.identifier, *(name for _namespace, name in row.path[:-1]))))
