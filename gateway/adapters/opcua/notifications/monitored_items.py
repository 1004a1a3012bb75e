"""Monitored items of one subscription, in place of asyncua's.

asyncua 2.1.0 compares a deadband with the previous write instead of the last report, loses changes of the StatusCode
under a deadband, ignores percent deadbands, and copies every value deeply for every subscriber.
"""

from __future__ import annotations

from dataclasses import dataclass

from asyncua import ua
from asyncua.server.address_space import AddressSpace
from asyncua.server.internal_subscription import InternalSubscription
from asyncua.server.monitored_item_service import MonitoredItemData, MonitoredItemService
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.uaerrors import UaStatusCodeError

from gateway.adapters.opcua.engine.wire_types import status_code
from gateway.adapters.opcua.notifications.report_rule import ReportRule, report_rule


@dataclass(slots=True)
class _Watch:
    """One monitored item on a value: its rule, and what its client saw last."""

    item: MonitoredItemData
    item_id: int
    rule: ReportRule
    reported: ua.DataValue | None = None


class MonitoredItems(MonitoredItemService):
    """Reports each change once, by the rule of its item. `DataValue`s are shared: nobody changes one after writing."""

    def __init__(self, subscription: InternalSubscription, aspace: AddressSpace) -> None:
        super().__init__(subscription, aspace)
        self._watches: dict[int, _Watch] = {}

    def _revise_queue_size(self, requested: int) -> int:
        """OPC 10000-4 section 7.21: 0 asks for the default, which is one entry for data."""
        return min(max(requested, 1), self.isub.max_queue_size)

    async def _create_data_change_monitored_item(
        self, params: ua.MonitoredItemCreateRequest
    ) -> ua.MonitoredItemCreateResult:
        result, item = self._make_monitored_item_common(params)
        target = params.ItemToMonitor
        try:
            rule = report_rule(self.aspace, target, params.RequestedParameters.Filter)
        except UaStatusCodeError as error:
            result.StatusCode = status_code(error.code)
            return result
        result.StatusCode, handle = self.aspace.add_datachange_callback(
            target.NodeId, target.AttributeId, self.datachange_callback
        )
        if not result.StatusCode.is_good():
            return result
        item.callback_handle = handle
        self._commit_monitored_item(result, item)
        self._monitored_datachange[handle] = result.MonitoredItemId
        self._watches[handle] = _Watch(item, result.MonitoredItemId, rule)
        if item.mode != ua.MonitoringMode.Disabled:
            await self.trigger_datachange(handle, target.NodeId, target.AttributeId)
        return result

    def _modify_monitored_item(self, params: ua.MonitoredItemModifyRequest) -> ua.MonitoredItemModifyResult:
        result = ua.MonitoredItemModifyResult()
        item = self._monitored_items.get(params.MonitoredItemId)
        if item is None:
            result.StatusCode = status_code(StatusCodes.BadMonitoredItemIdInvalid)
            return result
        requested = params.RequestedParameters
        watch = self._watches.get(item.callback_handle) if item.callback_handle is not None else None
        if watch is not None and item.read_value_id is not None:
            try:
                watch.rule = report_rule(self.aspace, item.read_value_id, requested.Filter)
            except UaStatusCodeError as error:
                result.StatusCode = status_code(error.code)
                return result
        item.client_handle = requested.ClientHandle
        item.queue_size = self._revise_queue_size(requested.QueueSize)
        result.RevisedQueueSize = item.queue_size
        result.RevisedSamplingInterval = self.isub.data.RevisedPublishingInterval
        return result

    async def _set_monitoring_mode(self, mode: ua.MonitoringMode, mid: int) -> ua.StatusCode:
        item = self._monitored_items.get(mid)
        if item is not None and item.callback_handle is not None and mode == ua.MonitoringMode.Disabled:
            self._watches[item.callback_handle].reported = None  # enabled again, it reports whatever is there
        return await super()._set_monitoring_mode(mode, mid)

    def _delete_monitored_items(self, mid: int) -> ua.StatusCode:
        item = self._monitored_items.get(mid)
        if item is not None and item.callback_handle is not None:
            self._watches.pop(item.callback_handle, None)
        return super()._delete_monitored_items(mid)

    async def datachange_callback(self, handle: int, value: ua.DataValue, error: ua.StatusCode | None = None) -> None:
        """Queue a notification if the rule of the item says so. Never suspends."""
        if error is not None:
            await super().datachange_callback(handle, value, error)
            return
        watch = self._watches[handle]
        item = watch.item
        if item.mode == ua.MonitoringMode.Disabled:
            return
        if watch.reported is not None and not watch.rule.is_due(watch.reported, value):
            return
        watch.reported = value
        notification = ua.MonitoredItemNotification(item.client_handle, value)
        await self.isub.enqueue_datachange_event(watch.item_id, notification, item.queue_size)
