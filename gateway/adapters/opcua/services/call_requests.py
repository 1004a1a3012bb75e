"""Call requests read from bytes: arrays of numbers as a whole, everything else within a narrow bound.

asyncua decodes a Call element by element, so that a message of a megabyte would hold the event loop for seconds. The
elements of a Double[] are copied at once; an honest Call has little beside them.
"""

from __future__ import annotations

import struct

from asyncua import ua
from asyncua.common.utils import Buffer, ServiceError
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.ua_binary import variant_from_binary

from gateway.adapters.opcua.engine.double_array import DOUBLE_ARRAY, read_array
from gateway.adapters.opcua.engine.service_messages import decoded
from gateway.adapters.opcua.services.node_bytes import node_id, node_id_end

MAX_CALL_BYTES = 16384
"""Of one request, without its arrays of numbers; no honest call comes near it."""

_COUNT = struct.Struct("<i")


class _Reader:
    """Reads on through one request.

    Args:
        data: `CallParameters` as they came.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._free = 0
        """Bytes of arrays so far, which do not count."""

    def count(self) -> int:
        """Length of a list; one that is null, or shorter than nothing, is empty."""
        count: int = _COUNT.unpack_from(self._data, self._at)[0]
        self._at += _COUNT.size
        return max(0, count)

    def node(self) -> ua.NodeId:
        """A NodeId."""
        start, self._at = self._at, node_id_end(self._data, self._at)
        self._require_light()
        return node_id(self._data[start : self._at])

    def variant(self) -> ua.Variant:
        """A Variant; the value of a Double[] is an array as in `gateway.model.value`."""
        if self._data[self._at : self._at + 1] == bytes((DOUBLE_ARRAY,)):
            array, end = read_array(self._data, self._at + 1)
            self._free += array.nbytes
            self._at = end
            return ua.Variant(array, ua.VariantType.Double, is_array=True)
        left = MAX_CALL_BYTES + self._free - self._at
        ahead = Buffer(self._data, self._at, max(0, min(left, len(self._data) - self._at)))
        try:
            variant = decoded(variant_from_binary, ahead)
        except ServiceError:
            self._require_light(len(self._data) - self._at)
            raise
        self._at = ahead.cur_pos
        return variant

    def _require_light(self, ahead: int = 0) -> None:
        if self._at + ahead - self._free > MAX_CALL_BYTES:
            raise ServiceError(StatusCodes.BadRequestTooLarge)


def read_calls(data: bytes, most: int) -> list[ua.CallMethodRequest]:
    """The calls of one request.

    Args:
        data: `CallParameters` as they came.
        most: Calls in one request.

    Raises:
        ServiceError: There are none or too many, they are too large, or they cannot be decoded.
    """
    reader = _Reader(data)
    try:
        count = reader.count()
        if not count:
            raise ServiceError(StatusCodes.BadNothingToDo)
        if count > most:
            raise ServiceError(StatusCodes.BadTooManyOperations)
        return [_read_call(reader) for _one in range(count)]
    except struct.error as error:
        raise ServiceError(StatusCodes.BadDecodingError) from error


def _read_call(reader: _Reader) -> ua.CallMethodRequest:
    object_id, method_id = reader.node(), reader.node()
    return ua.CallMethodRequest(object_id, method_id, [reader.variant() for _one in range(reader.count())])
