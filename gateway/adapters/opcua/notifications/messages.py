"""NotificationMessages and PublishResponses as bytes (OPC 10000-4 sections 5.14.5 and 7.26)."""

from __future__ import annotations

import struct
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from asyncua.ua.object_ids import ObjectIds

from gateway.adapters.opcua.engine.service_messages import NULL_ARRAY, response_start, status_array
from gateway.adapters.opcua.engine.utc_ticks import utc_now
from gateway.adapters.opcua.notifications.pieces import Piece

_COUNT = struct.Struct("<i")
_UINT32 = struct.Struct("<I")
_NUMBER_AND_TIME = struct.Struct("<Iqi")
_EXTENSION = struct.Struct("<BBHBi")
_SUBSCRIPTION = struct.Struct("<I")
_BINARY_BODY = 1


def _extension(identifier: int, body: bytes) -> bytes:
    return _EXTENSION.pack(1, 0, identifier, _BINARY_BODY, len(body)) + body


def data_changes(pieces: Sequence[Piece]) -> bytes:
    """A DataChangeNotification."""
    count = sum(piece.count for piece in pieces)
    body = b"".join((_COUNT.pack(count), *(piece.data for piece in pieces), NULL_ARRAY))
    return _extension(ObjectIds.DataChangeNotification_Encoding_DefaultBinary, body)


def events(field_lists: Sequence[bytes]) -> bytes:
    """An EventNotificationList of encoded EventFieldLists."""
    body = b"".join((_COUNT.pack(len(field_lists)), *field_lists))
    return _extension(ObjectIds.EventNotificationList_Encoding_DefaultBinary, body)


def status_change(status: int) -> bytes:
    """A StatusChangeNotification."""
    body = _UINT32.pack(status) + b"\x00"  # without diagnostics
    return _extension(ObjectIds.StatusChangeNotification_Encoding_DefaultBinary, body)


@dataclass(frozen=True, slots=True)
class Message:
    """A NotificationMessage; without notifications it only says that the subscription is alive.

    Attributes:
        number: Its sequence number, or the one to come for a message without notifications.
        data: Its bytes.
    """

    number: int
    data: bytes

    @classmethod
    def of(cls, number: int, notifications: Sequence[bytes]) -> Message:
        """A message of the present."""
        return cls(number, b"".join((_NUMBER_AND_TIME.pack(number, utc_now(), len(notifications)), *notifications)))


def publish_response(
    request_handle: int,
    subscription_id: int,
    available: Collection[int],
    message: Message,
    results: Sequence[int],
    *,
    more: bool,
) -> bytes:
    """Body of a PublishResponse, its type in front.

    Args:
        request_handle: Of the request.
        subscription_id: Whose message it is.
        available: Sequence numbers that can be sent again.
        message: The message.
        results: StatusCodes of the acknowledgements of the request.
        more: Whether further notifications wait.
    """
    return b"".join(
        (
            response_start(ObjectIds.PublishResponse_Encoding_DefaultBinary, request_handle),
            _SUBSCRIPTION.pack(subscription_id),
            struct.pack(f"<i{len(available)}I?", len(available), *available, more),
            message.data,
            status_array(results),
            NULL_ARRAY,
        )
    )
