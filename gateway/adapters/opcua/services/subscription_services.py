"""The Subscription service set, but for Publish, which is answered later (OPC 10000-4 section 5.14)."""

from __future__ import annotations

import struct
from collections.abc import Awaitable, Callable, Mapping

from asyncua import ua
from asyncua.common.utils import Buffer, ServiceError
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.ua_binary import struct_from_binary, struct_to_binary

from gateway.adapters.opcua.engine.service_messages import NULL_ARRAY, status_array
from gateway.adapters.opcua.notifications.subscriptions import Subscriptions
from gateway.adapters.opcua.services.sessions import ClientSession

Service = Callable[[ClientSession, bytes], Awaitable[bytes]]
_ENABLED_AND_COUNT = struct.Struct("<?i")
_REPUBLISH = struct.Struct("<II")
_COUNT = struct.Struct("<i")


def numbers(data: bytes, at: int) -> list[int]:
    """An array of UInt32 that begins at `at`.

    Raises:
        ServiceError: It is empty.
        struct.error: The data ends before.
    """
    (count,) = _COUNT.unpack_from(data, at)
    if count <= 0:
        raise ServiceError(StatusCodes.BadNothingToDo)
    return list(struct.unpack_from(f"<{count}I", data, at + _COUNT.size))


class SubscriptionServices:
    """Answers requests about subscriptions.

    Args:
        subscriptions: Of the server.
    """

    def __init__(self, subscriptions: Subscriptions) -> None:
        self._subscriptions = subscriptions

    @property
    def by_name(self) -> Mapping[str, Service]:
        """Each service by its name."""
        return {
            "CreateSubscription": self._create,
            "ModifySubscription": self._modify,
            "DeleteSubscriptions": self._delete,
            "SetPublishingMode": self._set_publishing_mode,
            "Republish": self._republish,
            "TransferSubscriptions": self._transfer,
        }

    async def _create(self, session: ClientSession, data: bytes) -> bytes:
        asked = struct_from_binary(ua.CreateSubscriptionParameters, Buffer(data))
        return bytes(struct_to_binary(self._subscriptions.create(asked, session)))

    async def _modify(self, session: ClientSession, data: bytes) -> bytes:
        asked = struct_from_binary(ua.ModifySubscriptionParameters, Buffer(data))
        return bytes(struct_to_binary(self._subscriptions.modify(asked, session)))

    async def _delete(self, session: ClientSession, data: bytes) -> bytes:
        return status_array([self._delete_one(session, number) for number in numbers(data, 0)]) + NULL_ARRAY

    def _delete_one(self, session: ClientSession, number: int) -> int:
        try:
            self._subscriptions.delete(self._subscriptions.owned(number, session))
        except ServiceError as error:
            return error.code
        return StatusCodes.Good

    async def _set_publishing_mode(self, session: ClientSession, data: bytes) -> bytes:
        enabled, _count = _ENABLED_AND_COUNT.unpack_from(data)
        statuses = []
        for number in numbers(data, 1):
            try:
                self._subscriptions.owned(number, session).set_publishing(enabled=enabled)
                statuses.append(StatusCodes.Good)
            except ServiceError as error:
                statuses.append(error.code)
        return status_array(statuses) + NULL_ARRAY

    async def _republish(self, session: ClientSession, data: bytes) -> bytes:
        number, wanted = _REPUBLISH.unpack_from(data)
        subscription = self._subscriptions.owned(number, session)
        subscription.statistics.republish_requests += 1
        message = subscription.retransmission.find(wanted)
        if message is None:
            raise ServiceError(StatusCodes.BadMessageNotAvailable)
        subscription.statistics.republish_messages += 1
        return message.data

    async def _transfer(self, session: ClientSession, data: bytes) -> bytes:
        asked = numbers(data, 0)
        send_initial_values = bool(data[_COUNT.size * (1 + len(asked))])
        results = self._subscriptions.transfer(asked, session, send_initial_values=send_initial_values)
        encoded = b"".join(bytes(struct_to_binary(result)) for result in results)
        return _COUNT.pack(len(results)) + encoded + NULL_ARRAY
