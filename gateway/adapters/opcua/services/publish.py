"""Publish requests read as bytes, since every client sends one per interval (OPC 10000-4 section 5.14.5)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from asyncua.common.utils import ServiceError
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.status_codes import StatusCodes

MOST_ACKNOWLEDGEMENTS = 10_000
PUBLISH_TYPE = struct.pack("<BBH", 1, 0, ObjectIds.PublishRequest_Encoding_DefaultBinary)
"""How the request begins: a NodeId of four bytes."""

_BYTE_STRING_TOKEN = struct.Struct("<BHi")
_BYTE_STRING = 5
_HEADER = struct.Struct("<qIIi")
_TIMEOUT_AND_NO_HEADER = struct.Struct("<IBBB")
_COUNT = struct.Struct("<i")
_ACKNOWLEDGEMENT = struct.Struct("<II")


@dataclass(frozen=True, slots=True)
class PublishCall:
    """One request.

    Attributes:
        token: Identifier of the authentication token.
        request_handle: Of its header.
        timeout_hint: Milliseconds; 0 for none.
        acknowledgements: SubscriptionId and sequence number of each message that the client has got.
    """

    token: bytes
    request_handle: int
    timeout_hint: int
    acknowledgements: list[tuple[int, int]]


def read_publish(data: bytes) -> PublishCall | None:
    """Read a request that begins with `PUBLISH_TYPE`; None if its header is of a form that the long way has to read.

    Raises:
        ServiceError: There are too many acknowledgements, or the request ends too early.
    """
    at = len(PUBLISH_TYPE)
    try:
        kind, _namespace, length = _BYTE_STRING_TOKEN.unpack_from(data, at)
        if kind != _BYTE_STRING or length < 0:
            return None
        at += _BYTE_STRING_TOKEN.size
        token = data[at : at + length]
        _time, handle, _diagnostics, entry = _HEADER.unpack_from(data, at + length)
        at += length + _HEADER.size + max(entry, 0)
        timeout, *additional = _TIMEOUT_AND_NO_HEADER.unpack_from(data, at)
        if any(additional):
            return None
        at += _TIMEOUT_AND_NO_HEADER.size
        return PublishCall(token, handle, timeout, acknowledgements(data[at:]))
    except struct.error as error:
        raise ServiceError(StatusCodes.BadDecodingError) from error


def acknowledgements(data: bytes) -> list[tuple[int, int]]:
    """SubscriptionId and sequence number of each message that the client has got.

    Raises:
        ServiceError: There are too many, or the request ends too early.
    """
    try:
        (count,) = _COUNT.unpack_from(data)
        if count > MOST_ACKNOWLEDGEMENTS:
            raise ServiceError(StatusCodes.BadTooManyOperations)
        return [_ACKNOWLEDGEMENT.unpack_from(data, _COUNT.size + 8 * index) for index in range(count)]
    except struct.error as error:
        raise ServiceError(StatusCodes.BadDecodingError) from error
