"""The values of a site: pulled when somebody reads, pushed to those who watch."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from asyncua import ua
from asyncua.server.address_space import AddressSpace
from asyncua.ua.attribute_ids import AttributeIds

from gateway.adapters.opcua.engine.index_range import IndexRange
from gateway.adapters.opcua.engine.utc_ticks import UNIX_EPOCH, utc_now
from gateway.adapters.opcua.engine.wire_types import site_node
from gateway.adapters.opcua.notifications.group_values import GroupValues
from gateway.adapters.opcua.notifications.point_views import DerivedView, PointView
from gateway.model.points import SiteSpec, ValueKind
from gateway.model.update import Update

VARIANT_TYPE = {
    ValueKind.FLOAT: ua.VariantType.Double,
    ValueKind.INTEGER: ua.VariantType.Int64,
    ValueKind.BOOLEAN: ua.VariantType.Boolean,
    ValueKind.TEXT: ua.VariantType.String,
}
"""How each kind is shown in the plain tree."""

_NOBODY: Mapping[int, Any] = MappingProxyType({})


class BoundValue:
    """The Value attribute of a node that shows a view; stands in for asyncua's AttributeValue."""

    __slots__ = ("_group", "_view")

    value_callback = None
    value_setter = None
    datachange_callbacks = _NOBODY

    def __init__(self, group: GroupValues, view: PointView | DerivedView) -> None:
        self._group = group
        self._view = view

    @property
    def value(self) -> ua.DataValue:
        """As it is now."""
        return self._group.data_value(self._view)

    def encoded(self, times: int, index_range: IndexRange | None = None) -> bytes:
        """The DataValue as it is now.

        Args:
            times: As in `EncodedValue`.
            index_range: Which part of the value; None for the whole.

        Raises:
            ServiceError: BadIndexRangeNoData: the value has no such part.
        """
        value = self._group.read(self._view)
        if index_range is not None:
            value = value.part(index_range, self._view.variant_type)
        return value.encoded(times)


class PointValues:
    """Values of all groups; they outlive the server that shows them.

    Args:
        site: The site; every point waits for its first data.
    """

    def __init__(self, site: SiteSpec) -> None:
        now = utc_now()
        self._groups = [GroupValues(group, now) for group in site.groups]
        self._views: dict[ua.NodeId, PointView | DerivedView] = {
            site_node("/".join((group.device, *point.path))): PointView(
                group.index, index, VARIANT_TYPE[point.kind], point.length
            )
            for group in site.groups
            for index, point in enumerate(group.points)
        }

    def bind(self, node_id: ua.NodeId, view: PointView | DerivedView) -> None:
        """Let one more node show a view. Before `install`."""
        self._views[node_id] = view

    def install(self, aspace: AddressSpace) -> None:
        """Give every bound node its value. Each must be there."""
        for node_id, view in self._views.items():
            bound: Any = BoundValue(self._groups[view.group], view)
            aspace[node_id].attributes[AttributeIds.Value] = bound

    def apply(self, update: Update) -> None:
        """Take the changed points and tell the subscriptions, without suspending.

        Raises:
            AdapterError: A value is not of its point's kind; then nothing of the update is taken.
        """
        self._groups[update.group].apply(
            update.values,
            update.states,
            update.changed,
            update.stamp.unix_us * 10 + UNIX_EPOCH,
            utc_now(),
        )

    def view_of(self, node_id: ua.NodeId) -> PointView | DerivedView | None:
        """What a node shows; None if it is no node of a point."""
        return self._views.get(node_id)

    def group(self, index: int) -> GroupValues:
        """One group, to be watched."""
        return self._groups[index]

    def forget_watchers(self) -> None:
        """Let go of a server that has stopped."""
        for group in self._groups:
            group.forget_all()
