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
_FRAME_BYTES = 128
"""Everything of a PublishResponse but notifications, sequence numbers and results, rounded up."""

Notification = Sequence[bytes]
"""One notification in parts, to be joined: arrays are copied once, into the message."""


def _extension(identifier: int, *body: bytes) -> Notification:
    return _EXTENSION.pack(1, 0, identifier, _BINARY_BODY, sum(map(len, body))), *body


def data_changes(pieces: Sequence[Piece]) -> Notification:
    """A DataChangeNotification."""
    count = _COUNT.pack(sum(piece.count for piece in pieces))
    parts = (part for piece in pieces for part in (piece.handle, piece.data))
    return _extension(ObjectIds.DataChangeNotification_Encoding_DefaultBinary, count, *parts, NULL_ARRAY)


def events(field_lists: Sequence[bytes]) -> Notification:
    """An EventNotificationList of encoded EventFieldLists."""
    count = _COUNT.pack(len(field_lists))
    return _extension(ObjectIds.EventNotificationList_Encoding_DefaultBinary, count, *field_lists)


def status_change(status: int) -> Notification:
    """A StatusChangeNotification."""
    no_diagnostics = b"\x00"
    return _extension(ObjectIds.StatusChangeNotification_Encoding_DefaultBinary, _UINT32.pack(status), no_diagnostics)


def space_for_notifications(longest_response: int, available: int, results: int) -> int:
    """Bytes that the notifications of a PublishResponse may have.

    Args:
        longest_response: Bytes that the client takes in one response.
        available: Number of messages that can be sent again.
        results: Number of acknowledgements of the request.
    """
    return longest_response - _FRAME_BYTES - _UINT32.size * (available + results)


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
    def of(cls, number: int, notifications: Sequence[Notification]) -> Message:
        """A message of the present."""
        parts = (part for notification in notifications for part in notification)
        return cls(number, b"".join((_NUMBER_AND_TIME.pack(number, utc_now(), len(notifications)), *parts)))


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
