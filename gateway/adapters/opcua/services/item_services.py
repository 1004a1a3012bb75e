"""The MonitoredItem service set (OPC 10000-4 section 5.13)."""

from __future__ import annotations

import struct
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from asyncua import ua
from asyncua.common.utils import Buffer, ServiceError
from asyncua.server.address_space import AddressSpace
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.ua_binary import struct_from_binary, struct_to_binary
from asyncua.ua.uaerrors import UaStatusCodeError

from gateway.adapters.opcua.engine.service_messages import NULL_ARRAY, array, status_array
from gateway.adapters.opcua.engine.wire_types import status_error
from gateway.adapters.opcua.notifications.subscriptions import Subscriptions
from gateway.adapters.opcua.services.access import Access, role_of
from gateway.adapters.opcua.services.attributes import access_level
from gateway.adapters.opcua.services.breath import Breath
from gateway.adapters.opcua.services.sessions import ClientSession
from gateway.adapters.opcua.services.subscription_services import numbers

Service = Callable[[ClientSession, bytes], Awaitable[bytes]]
T = TypeVar("T")
_SUBSCRIPTION = struct.Struct("<I")
_HEAD = struct.Struct("<IIi")
_TRIGGERING = struct.Struct("<II")
_COUNT = struct.Struct("<i")
_STEPS = 8


class ItemServices:
    """Answers requests about monitored items.

    Args:
        subscriptions: Of the server.
        aspace: Address space.
        access: Who may read what.
    """

    def __init__(self, subscriptions: Subscriptions, aspace: AddressSpace, access: Access) -> None:
        self._subscriptions = subscriptions
        self._aspace = aspace
        self._access = access

    @property
    def by_name(self) -> Mapping[str, Service]:
        """Each service by its name."""
        return {
            "CreateMonitoredItems": self._create,
            "ModifyMonitoredItems": self._modify,
            "DeleteMonitoredItems": self._delete,
            "SetMonitoringMode": self._set_mode,
            "SetTriggering": self._set_triggering,
        }

    async def _create(self, session: ClientSession, data: bytes) -> bytes:
        number, timestamps, count, body = _item_requests(data)
        subscription = self._subscriptions.owned(number, session)
        self._subscriptions.require_room(subscription, count)
        items = self._subscriptions.items(subscription)
        results: list[bytes] = []
        breath = Breath(_STEPS)
        for _item in range(count):
            await breath.take()
            request = struct_from_binary(ua.MonitoredItemCreateRequest, body)
            self._subscriptions.owned(number, session)  # still there after a breath
            result: ua.MonitoredItemCreateResult
            try:
                self._require_readable(session, request.ItemToMonitor)
                result = items.create(request, timestamps)
            except UaStatusCodeError as error:
                result = ua.MonitoredItemCreateResult(StatusCode=ua.StatusCode(ua.UInt32(error.code)))
            results.append(struct_to_binary(result))
        return array(results) + NULL_ARRAY

    def _require_readable(self, session: ClientSession, target: ua.ReadValueId) -> None:
        node = self._aspace.get(target.NodeId)
        if node is None or target.AttributeId != AttributeIds.Value:
            return
        if not access_level(node) & ua.AccessLevel.CurrentRead.mask:
            raise status_error(StatusCodes.BadNotReadable)
        if not role_of(session).includes(self._access.least(node.nodeid)):
            raise status_error(StatusCodes.BadUserAccessDenied)

    async def _modify(self, session: ClientSession, data: bytes) -> bytes:
        number, timestamps, count, body = _item_requests(data)
        results: list[bytes] = []
        breath = Breath(_STEPS)
        for _item in range(count):
            await breath.take()
            request = struct_from_binary(ua.MonitoredItemModifyRequest, body)
            items = self._subscriptions.items(self._subscriptions.owned(number, session))
            results.append(struct_to_binary(items.modify(request, timestamps)))
        return array(results) + NULL_ARRAY

    async def _delete(self, session: ClientSession, data: bytes) -> bytes:
        (number,) = _SUBSCRIPTION.unpack_from(data)
        items = self._subscriptions.items(self._subscriptions.owned(number, session))
        return status_array([items.delete(item).value for item in numbers(data, _SUBSCRIPTION.size)]) + NULL_ARRAY

    async def _set_mode(self, session: ClientSession, data: bytes) -> bytes:
        number, mode = _TRIGGERING.unpack_from(data)
        items = self._subscriptions.items(self._subscriptions.owned(number, session))
        try:
            wanted = ua.MonitoringMode(mode)
        except ValueError as error:
            raise ServiceError(StatusCodes.BadMonitoringModeInvalid) from error
        ids = numbers(data, _TRIGGERING.size)
        return status_array([items.set_mode(item, wanted).value for item in ids]) + NULL_ARRAY

    async def _set_triggering(self, session: ClientSession, data: bytes) -> bytes:
        number, triggering = _TRIGGERING.unpack_from(data)
        items = self._subscriptions.items(self._subscriptions.owned(number, session))
        add, at = _links(data, _TRIGGERING.size)
        remove, _end = _links(data, at)
        if not add and not remove:
            raise ServiceError(StatusCodes.BadNothingToDo)
        try:
            added, removed = items.set_triggering(triggering, add, remove)
        except UaStatusCodeError as error:
            raise ServiceError(error.code) from error
        return b"".join(
            (
                status_array([one.value for one in added]),
                NULL_ARRAY,
                status_array([one.value for one in removed]),
                NULL_ARRAY,
            )
        )


def _item_requests(data: bytes) -> tuple[int, ua.TimestampsToReturn, int, Buffer]:
    """SubscriptionId, TimestampsToReturn, number of items, and the items."""
    number, timestamps, count = _HEAD.unpack_from(data)
    if count <= 0:
        raise ServiceError(StatusCodes.BadNothingToDo)
    if timestamps > ua.TimestampsToReturn.Neither:
        raise ServiceError(StatusCodes.BadTimestampsToReturnInvalid)
    return number, ua.TimestampsToReturn(timestamps), count, Buffer(data[_HEAD.size :])


def _links(data: bytes, at: int) -> tuple[list[int], int]:
    """An array of MonitoredItemIds, null or not, and where it ends."""
    (count,) = _COUNT.unpack_from(data, at)
    at += _COUNT.size
    count = max(count, 0)
    return list(struct.unpack_from(f"<{count}I", data, at)), at + 4 * count
