"""Where a monitored item gets its values: a row among packed ones, a queue of its own, or the events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.server.address_space import AddressSpace
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.status_codes import StatusCodes

from gateway.adapters.opcua.engine.data_encoding import require_binary
from gateway.adapters.opcua.engine.double_array import ELEMENT_BYTES
from gateway.adapters.opcua.engine.index_range import cut, parse_index_range
from gateway.adapters.opcua.engine.wire_types import status_error
from gateway.adapters.opcua.events.event_filter import EventFilter
from gateway.adapters.opcua.events.notifier import EventNotifier
from gateway.adapters.opcua.notifications.encoded_value import EncodedValue, timestamp_mask
from gateway.adapters.opcua.notifications.event_queue import EventQueue
from gateway.adapters.opcua.notifications.item import Item
from gateway.adapters.opcua.notifications.packed_items import PackedItems
from gateway.adapters.opcua.notifications.point_values import PointValues
from gateway.adapters.opcua.notifications.point_views import DerivedView, PointView
from gateway.adapters.opcua.notifications.row_form import RowForm, row_form
from gateway.adapters.opcua.notifications.sampling import Sampling
from gateway.adapters.opcua.notifications.subscription import Subscription
from gateway.adapters.opcua.notifications.value_queue import ValueQueue
from gateway.model.role import Role

Mode = ua.MonitoringMode
_PackedKey = tuple[int, RowForm, int, float, int]
_QUEUE_BYTES = 8 * 1024 * 1024
"""Of the values in one queue. All items on a point share its values."""

_FEWEST_VALUES = 4


class ItemPlaces:
    """Places of the items of one subscription.

    Args:
        subscription: Who publishes.
        aspace: Address space.
        values: Values of the site.
        notifier: Where events come from.
        role: Role of the session that the subscription belongs to at the moment.
    """

    def __init__(
        self,
        subscription: Subscription,
        aspace: AddressSpace,
        values: PointValues,
        notifier: EventNotifier,
        role: Callable[[], Role],
    ) -> None:
        self.aspace = aspace
        self._subscription = subscription
        self._values = values
        self._notifier = notifier
        self._role = role
        self._packed: dict[_PackedKey, PackedItems] = {}

    def most_values(self, target: ua.ReadValueId) -> int:
        """How many values one queue may hold: of an array as many as are not too long, whatever part is asked for."""
        view = self._values.view_of(target.NodeId) if target.AttributeId == AttributeIds.Value else None
        length = view.length if isinstance(view, PointView) else None
        return max(_FEWEST_VALUES, _QUEUE_BYTES // (ELEMENT_BYTES * (length or 1)))

    def require(self, target: ua.ReadValueId) -> None:
        """Refuse what cannot be monitored.

        Raises:
            UaStatusCodeError: There is no such node or attribute, or its index range or encoding makes no sense.
        """
        node = self.aspace.get(target.NodeId)
        if node is None:
            raise status_error(StatusCodes.BadNodeIdUnknown)
        if target.AttributeId not in node.attributes:
            raise status_error(StatusCodes.BadAttributeIdInvalid)
        try:
            if target.DataEncoding is not None and target.DataEncoding.Name:
                self._require_encoding(target, target.DataEncoding.Name)
            if target.IndexRange:
                parse_index_range(target.IndexRange)
        except ServiceError as error:
            raise status_error(error.code) from error

    def _require_encoding(self, target: ua.ReadValueId, encoding: str) -> None:
        if target.AttributeId != AttributeIds.Value:
            raise ServiceError(StatusCodes.BadDataEncodingInvalid)
        require_binary(self.aspace.read_attribute_value(target.NodeId, AttributeIds.Value), encoding)

    def place(self, item: Item, *, report: bool = True) -> None:
        """Give an item its place; `report` makes its present value due."""
        view = self._view(item)
        key = self._packed_key(item, view)
        if key is not None and isinstance(view, PointView):
            item.place, item.variant_type = view.index, view.variant_type
            packed = self._packed.get(key)
            if packed is None:
                packed = self._packed[key] = PackedItems(
                    self._values.group(view.group),
                    key[1],
                    item.queue_size,
                    Sampling(item.sampling_interval),
                    item.rule.trigger,
                    self._subscription.wake_data,
                )
                packed.dropped = self._subscription.statistics.drop_data
            item.queue = packed
            packed.add(item, report=report)
        elif view is not None:
            self._place_on_view(item, view, report=report)
        else:
            self._place_on_attribute(item, report=report)

    def _view(self, item: Item) -> PointView | DerivedView | None:
        is_value = item.target.AttributeId == AttributeIds.Value
        return self._values.view_of(item.target.NodeId) if is_value else None

    def _packed_key(self, item: Item, view: PointView | DerivedView | None) -> _PackedKey | None:
        """What items must have in common to be packed together; None for one that goes its own way."""
        is_plain = (
            isinstance(view, PointView)
            and item.mode == Mode.Reporting
            and item.rule.deadband is None
            and view.length is None
            and not item.links
            and not item.target.IndexRange
            and (item.discard_oldest or item.queue_size == 1)
        )
        if view is None or not is_plain:
            return None
        form = row_form(view.variant_type, timestamp_mask(item.timestamps))
        if form is None:
            return None
        return view.group, form, item.queue_size, item.sampling_interval, int(item.rule.trigger)

    def _place_on_view(self, item: Item, view: PointView | DerivedView, *, report: bool) -> None:
        group = self._values.group(view.group)
        queue = ValueQueue(
            item, self._subscription.wake_data, lambda: group.forget(view, queue), part=_part(item, view.variant_type)
        )
        item.queue = queue
        queue.dropped = self._subscription.statistics.drop_data
        group.watch(view, queue)
        queue.begin(group.read(view), report=report)

    def _place_on_attribute(self, item: Item, *, report: bool) -> None:
        node_id, attribute = item.target.NodeId, item.target.AttributeId

        def read() -> EncodedValue:
            return EncodedValue.of_data_value(self.aspace.read_attribute_value(node_id, attribute))

        async def changed(_handle: int, data: ua.DataValue, _error: ua.StatusCode | None = None) -> None:
            queue.take(EncodedValue.of_data_value(data))

        held: Any = self.aspace[node_id].attributes[attribute]
        _status, handle = self.aspace.add_datachange_callback(node_id, attribute, changed)
        queue = ValueQueue(
            item,
            self._subscription.wake_data,
            lambda: self.aspace.delete_datachange_callback(handle),
            poll=read if held.value_callback is not None else None,
            part=_part(item, None),
        )
        item.queue = queue
        queue.dropped = self._subscription.statistics.drop_data
        queue.begin(read(), report=report)

    def place_events(self, item: Item, wanted: object) -> ua.EventFilterResult:
        """Let an item listen to events.

        Raises:
            UaStatusCodeError: The node has no events, or the filter cannot be used.
        """
        notifier = self.aspace.read_attribute_value(item.target.NodeId, AttributeIds.EventNotifier).Value
        if notifier is None or not int(notifier.Value or 0) & ua.EventNotifier.SubscribeToEvents.mask:
            raise status_error(StatusCodes.BadAttributeIdInvalid)
        event_filter, result = EventFilter.parse(self.aspace, wanted)
        queue = EventQueue(item, event_filter, self._role, self._subscription.wake_events)
        queue.dropped = self._subscription.statistics.drop_event
        queue.listen(self._notifier.add(item.target.NodeId, queue.deliver))
        item.queue = queue
        return result

    def refilter(self, queue: EventQueue, wanted: object) -> ua.EventFilterResult:
        """Give an item on events another filter.

        Raises:
            UaStatusCodeError: The filter cannot be used.
        """
        queue.wanted, result = EventFilter.parse(self.aspace, wanted)
        return result

    def displace(self, item: Item) -> None:
        """Take an item from its place, with what waits of it."""
        queue, item.queue = item.queue, None
        if queue is None:
            return
        queue.remove(item)
        if isinstance(queue, PackedItems):
            if not len(queue):
                self._packed = {key: packed for key, packed in self._packed.items() if packed is not queue}
                self._subscription.forget(queue)
        elif isinstance(queue, ValueQueue | EventQueue):
            self._subscription.forget(queue)

    def rearrange(self, item: Item) -> None:
        """The item has changed: keep its place if it still suits, else move it with its newest value."""
        if item.mode == Mode.Disabled:
            return
        queue = item.queue
        key = self._packed_key(item, self._view(item))
        if isinstance(queue, PackedItems) and key is not None and self._packed.get(key) is queue:
            queue.rename(item)
        elif isinstance(queue, ValueQueue) and key is None:
            queue.adjust()
        else:
            report = queue is None or (isinstance(queue, PackedItems | ValueQueue) and queue.is_due(item))
            self.displace(item)
            self.place(item, report=report)


def _part(item: Item, variant_type: ua.VariantType | None) -> Callable[[EncodedValue], EncodedValue] | None:
    """What makes the part of a value that an item asks for; None for the whole. Points say their type."""
    if not item.target.IndexRange:
        return None
    index_range = parse_index_range(item.target.IndexRange)

    def part(whole: EncodedValue) -> EncodedValue:
        try:
            if variant_type is not None:
                return whole.part(index_range, variant_type)
            data = whole.data_value(None)
            return EncodedValue.of_data_value(replace(data, Value=cut(data.Value or ua.Variant(), index_range)))
        except ServiceError as error:
            return EncodedValue.without_value(error.code, whole.source, whole.server)

    return part
