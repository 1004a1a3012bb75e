"""What is in a Publish request beside its header (OPC 10000-4 section 5.14.5)."""

from __future__ import annotations

import struct

from asyncua.common.utils import Buffer, ServiceError
from asyncua.ua.status_codes import StatusCodes

_COUNT = struct.Struct("<i")
_ACKNOWLEDGEMENT = struct.Struct("<II")
MOST_ACKNOWLEDGEMENTS = 10_000


def publish_acknowledgements(body: Buffer) -> list[tuple[int, int]]:
    """SubscriptionId and sequence number of each message that the client has got.

    Raises:
        ServiceError: There are too many, or the request ends too early.
    """
    data = body.read(len(body))
    try:
        (count,) = _COUNT.unpack_from(data)
        if count > MOST_ACKNOWLEDGEMENTS:
            raise ServiceError(StatusCodes.BadTooManyOperations)
        return [_ACKNOWLEDGEMENT.unpack_from(data, _COUNT.size + 8 * index) for index in range(count)]
    except struct.error as error:
        raise ServiceError(StatusCodes.BadDecodingError) from error
