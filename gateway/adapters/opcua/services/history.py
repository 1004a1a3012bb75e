"""HistoryRead: this server keeps no history, and every operation is told so (OPC 10000-4 section 5.11.3)."""

from __future__ import annotations

from asyncua.common.utils import Buffer, ServiceError
from asyncua.server.address_space import AddressSpace
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.ua_binary import Primitives, extensionobject_from_binary, nodeid_from_binary

from gateway.adapters.opcua.engine.service_messages import NULL_ARRAY, array, decoded
from gateway.adapters.opcua.services.breath import Breath
from gateway.adapters.opcua.services.sessions import ClientSession

_TIMESTAMPS_AND_RELEASE = 5
_NO_POINT_AND_NO_DATA = NULL_ARRAY + b"\x00\x00\x00"
_STATUS_BYTES = 4
_NODES_PER_BREATH = 64


class HistoryService:
    """Refuses to read history.

    Args:
        aspace: Of the server.
        most: Operations in one request.
    """

    def __init__(self, aspace: AddressSpace, most: int) -> None:
        self._aspace = aspace
        self._most = most

    async def answer(self, _session: ClientSession, parameters: bytes) -> bytes:
        """Answer one request; see `ReadService.answer`.

        Raises:
            ServiceError: There is nothing to read, or too much.
        """
        data = Buffer(parameters)
        decoded(extensionobject_from_binary, data)
        data.skip(_TIMESTAMPS_AND_RELEASE)
        count = Primitives.Int32.unpack(data)
        if count < 1:
            raise ServiceError(StatusCodes.BadNothingToDo)
        if count > self._most:
            raise ServiceError(StatusCodes.BadTooManyOperations)
        breath = Breath(_NODES_PER_BREATH)
        results: list[bytes] = []
        for _node in range(count):
            await breath.take()
            results.append(self._result(data))
        return array(results) + NULL_ARRAY

    def _result(self, data: Buffer) -> bytes:
        known = decoded(nodeid_from_binary, data) in self._aspace
        Primitives.String.unpack(data)  # IndexRange
        Primitives.UInt16.unpack(data)  # DataEncoding
        Primitives.String.unpack(data)
        Primitives.ByteString.unpack(data)  # ContinuationPoint
        status = StatusCodes.BadHistoryOperationUnsupported if known else StatusCodes.BadNodeIdUnknown
        return status.to_bytes(_STATUS_BYTES, "little") + _NO_POINT_AND_NO_DATA
