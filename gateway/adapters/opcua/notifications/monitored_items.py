"""Monitored items of one subscription (OPC 10000-4 section 5.13), in place of asyncua's.

asyncua 2.1.0 compares a deadband with the previous write instead of the last report, loses changes of the StatusCode
under a deadband, samples at no interval, always drops the oldest without saying so, and copies every value deeply for
every subscriber.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.uaerrors import UaStatusCodeError

from gateway.adapters.opcua.engine.wire_types import status_code, status_error
from gateway.adapters.opcua.events.event_filter import EventFilterError
from gateway.adapters.opcua.limits import Limits
from gateway.adapters.opcua.notifications.event_queue import EventQueue
from gateway.adapters.opcua.notifications.item import Item
from gateway.adapters.opcua.notifications.item_places import ItemPlaces
from gateway.adapters.opcua.notifications.packed_items import PackedItems
from gateway.adapters.opcua.notifications.report_rule import ReportRule, report_rule
from gateway.adapters.opcua.notifications.sampling import revised_sampling_interval
from gateway.adapters.opcua.notifications.subscription import Subscription
from gateway.adapters.opcua.notifications.value_queue import ValueQueue

Mode = ua.MonitoringMode


class MonitoredItems:
    """Items by number.

    Args:
        subscription: Whose they are.
        places: Where their values come from.
        limits: Of queues.
    """

    def __init__(self, subscription: Subscription, places: ItemPlaces, limits: Limits) -> None:
        self._subscription = subscription
        self._places = places
        self._limits = limits
        self._items: dict[int, Item] = {}
        self._last_id = 0

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, item_id: object) -> bool:
        return item_id in self._items

    @property
    def handles(self) -> tuple[list[int], list[int]]:
        """MonitoredItemIds, and the client's handles in the same order (GetMonitoredItems)."""
        return list(self._items), [item.client_handle for item in self._items.values()]

    @property
    def event_queues(self) -> list[EventQueue]:
        """Items on events, for ConditionRefresh."""
        return [item.queue for item in self._items.values() if isinstance(item.queue, EventQueue)]

    @property
    def disabled(self) -> int:
        """Number of disabled items."""
        return sum(item.mode == Mode.Disabled for item in self._items.values())

    def create(
        self, request: ua.MonitoredItemCreateRequest, timestamps: ua.TimestampsToReturn
    ) -> ua.MonitoredItemCreateResult:
        """Make one item; its present value is due at once unless it is disabled."""
        result = ua.MonitoredItemCreateResult()
        wanted = request.RequestedParameters
        on_events = request.ItemToMonitor.AttributeId == AttributeIds.EventNotifier
        try:
            self._places.require(request.ItemToMonitor)
            rule = ReportRule() if on_events else report_rule(
                self._places.aspace, request.ItemToMonitor, wanted.Filter
            )  # fmt: skip
            item = Item(
                self._last_id + 1,
                wanted.ClientHandle,
                request.ItemToMonitor,
                timestamps,
                request.MonitoringMode,
                rule,
                0.0 if on_events else self._sampling_interval(wanted.SamplingInterval),
                self._queue_size(wanted.QueueSize, request.ItemToMonitor, on_events=on_events),
                wanted.DiscardOldest,
            )
            if on_events:
                result.FilterResult = self._places.place_events(item, wanted.Filter)
            elif item.mode != Mode.Disabled:
                self._places.place(item)
        except EventFilterError as error:
            result.StatusCode, result.FilterResult = status_code(error.code), error.result
            return result
        except UaStatusCodeError as error:
            result.StatusCode = status_code(error.code)
            return result
        self._last_id = item.item_id
        self._items[item.item_id] = item
        result.MonitoredItemId = item.item_id
        result.RevisedSamplingInterval = item.sampling_interval
        result.RevisedQueueSize = item.queue_size
        return result

    def _sampling_interval(self, requested: float) -> float:
        return revised_sampling_interval(
            requested,
            self._subscription.parameters.publishing_interval,
            self._limits.shortest_sampling_interval_ms,
        )

    def _queue_size(self, requested: int, target: ua.ReadValueId, *, on_events: bool) -> int:
        """OPC 10000-4 section 7.21: 0 and 1 ask for the default, which is one value, or as many events as may be."""
        if on_events:
            most = self._limits.event_queue_size
            return most if requested <= 1 else min(requested, most)
        return min(max(requested, 1), self._limits.queue_size, self._places.most_values(target))

    def modify(
        self, request: ua.MonitoredItemModifyRequest, timestamps: ua.TimestampsToReturn
    ) -> ua.MonitoredItemModifyResult:
        """Change one item (OPC 10000-4 section 5.13.3)."""
        result = ua.MonitoredItemModifyResult()
        item = self._items.get(request.MonitoredItemId)
        if item is None:
            result.StatusCode = status_code(StatusCodes.BadMonitoredItemIdInvalid)
            return result
        wanted = request.RequestedParameters
        on_events = isinstance(item.queue, EventQueue)
        try:
            if isinstance(item.queue, EventQueue):
                result.FilterResult = self._places.refilter(item.queue, wanted.Filter)
            else:
                item.rule = report_rule(self._places.aspace, item.target, wanted.Filter)
        except EventFilterError as error:
            result.StatusCode, result.FilterResult = status_code(error.code), error.result
            return result
        except UaStatusCodeError as error:
            result.StatusCode = status_code(error.code)
            return result
        item.client_handle = wanted.ClientHandle
        item.timestamps = timestamps
        item.queue_size = self._queue_size(wanted.QueueSize, item.target, on_events=on_events)
        item.discard_oldest = wanted.DiscardOldest
        if not on_events:
            item.sampling_interval = self._sampling_interval(wanted.SamplingInterval)
            self._places.rearrange(item)
        result.RevisedSamplingInterval = item.sampling_interval
        result.RevisedQueueSize = item.queue_size
        return result

    def set_mode(self, item_id: int, mode: Mode) -> ua.StatusCode:
        """Disable an item, let it sample, or let it report (OPC 10000-4 section 5.13.4)."""
        item = self._items.get(item_id)
        if item is None:
            return status_code(StatusCodes.BadMonitoredItemIdInvalid)
        if isinstance(item.queue, EventQueue):
            item.queue.set_mode(mode)
        elif mode != item.mode:
            self._change_mode(item, mode)
        return ua.StatusCode()

    def _change_mode(self, item: Item, mode: Mode) -> None:
        if mode == Mode.Disabled:
            self._places.displace(item)
            item.mode = mode
        elif isinstance(item.queue, ValueQueue):
            item.queue.set_mode(mode)
        else:
            item.mode = mode
            self._places.rearrange(item)

    def delete(self, item_id: int) -> ua.StatusCode:
        """Delete an item with what waits of it and what it triggers."""
        item = self._items.pop(item_id, None)
        if item is None:
            return status_code(StatusCodes.BadMonitoredItemIdInvalid)
        self._places.displace(item)
        if isinstance(item.queue, EventQueue):
            item.queue.remove(item)
        return ua.StatusCode()

    def delete_all(self) -> None:
        """Delete every item."""
        for item_id in list(self._items):
            self.delete(item_id)

    def resend(self) -> None:
        """Make the present values of all reporting data items due again (ResendData, OPC 10000-5 section 9.2)."""
        seen: set[PackedItems | ValueQueue] = set()
        for item in self._items.values():
            if isinstance(item.queue, PackedItems | ValueQueue) and item.queue not in seen:
                if item.mode == Mode.Reporting:
                    item.queue.resend()
                seen.add(item.queue)

    def set_triggering(
        self, triggering: int, add: Sequence[int], remove: Sequence[int]
    ) -> tuple[list[ua.StatusCode], list[ua.StatusCode]]:
        """Link items to one that triggers them, or unlink them (OPC 10000-4 section 5.13.5).

        Raises:
            UaStatusCodeError: There is no such item.
        """
        item = self._items.get(triggering)
        if item is None:
            raise status_error(StatusCodes.BadMonitoredItemIdInvalid)
        removed = [self._unlink(item, linked) for linked in remove]
        added = [self._link(item, linked) for linked in add]
        self._places.rearrange(item)
        if isinstance(item.queue, ValueQueue):
            item.queue.on_report = self._trigger(item) if item.links else None
        return added, removed

    def _link(self, item: Item, linked: int) -> ua.StatusCode:
        if linked not in self._items:
            return status_code(StatusCodes.BadMonitoredItemIdInvalid)
        item.links.add(linked)
        return ua.StatusCode()

    def _unlink(self, item: Item, linked: int) -> ua.StatusCode:
        if linked not in item.links or linked not in self._items:
            return status_code(StatusCodes.BadMonitoredItemIdInvalid)
        item.links.discard(linked)
        return ua.StatusCode()

    def _trigger(self, item: Item) -> Callable[[], None]:
        def trigger() -> None:
            for linked in item.links:
                other = self._items.get(linked)
                if other is not None and isinstance(other.queue, ValueQueue):
                    other.queue.report_once()

        return trigger
