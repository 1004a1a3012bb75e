"""The Read service (OPC 10000-4 section 5.11.2).

asyncua 2.1.0 ignores TimestampsToReturn, IndexRange, MaxAge, DataEncoding and AccessLevel, and spends three quarters of
the time on decoding and encoding, so both are done here.
"""

from __future__ import annotations

import logging
import struct

from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.server.address_space import AddressSpace, NodeData
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.status_codes import StatusCodes

from gateway.adapters.opcua.engine.data_encoding import require_binary
from gateway.adapters.opcua.engine.index_range import cut, parse_index_range
from gateway.adapters.opcua.engine.service_messages import (
    NULL_ARRAY,
    SERVER,
    SOURCE,
    array,
    bad_data_value,
    encode_data_value,
    text,
    text_end,
)
from gateway.adapters.opcua.engine.utc_ticks import utc_now
from gateway.adapters.opcua.notifications.point_values import BoundValue
from gateway.adapters.opcua.services.access import Access, role_of
from gateway.adapters.opcua.services.attributes import Attributes, access_level, stored
from gateway.adapters.opcua.services.breath import Breath
from gateway.adapters.opcua.services.node_bytes import KnownNodes, node_id, node_id_end
from gateway.adapters.opcua.services.sessions import ClientSession

_LOG = logging.getLogger("gateway.adapters.opcua")
_HEAD = struct.Struct("<dii")
_TIMES = {0: SOURCE, 1: SERVER, 2: SOURCE | SERVER, 3: 0}
"""TimestampsToReturn (OPC 10000-4 section 7.40)."""

_PLAIN_TAIL = struct.Struct("<IiHi")
_ATTRIBUTE, _NAMESPACE = struct.Struct("<I"), struct.Struct("<H")
_READABLE = ua.AccessLevel.CurrentRead.mask
_ITEMS_PER_BREATH = 128
_BYTES_PER_STEP = 4096
"""What is copied while a short item is read."""


class ReadService:
    """Reads attributes.

    Args:
        aspace: Of the server.
        attributes: Those that are no values.
        access: Who may read which values.
    """

    def __init__(self, aspace: AddressSpace, attributes: Attributes, access: Access) -> None:
        self._nodes = KnownNodes(aspace)
        self._attributes = attributes
        self._access = access
        self._started = utc_now()
        self._points: dict[bytes, BoundValue] = {}
        self._reported: set[bytes] = set()

    async def answer(self, session: ClientSession, parameters: bytes) -> bytes:
        """Answer one request.

        Args:
            session: Who asks.
            parameters: ReadParameters as they came.

        Returns:
            The parameters of the response.

        Raises:
            ServiceError: The request as a whole cannot be answered.
        """
        max_age, timestamps, count = _HEAD.unpack_from(parameters)
        if count < 1:
            raise ServiceError(StatusCodes.BadNothingToDo)
        if not max_age >= 0:
            raise ServiceError(StatusCodes.BadMaxAgeInvalid)
        times = _TIMES.get(timestamps)
        if times is None:
            raise ServiceError(StatusCodes.BadTimestampsToReturnInvalid)
        breath = Breath(_ITEMS_PER_BREATH)
        results: list[bytes] = []
        result = b""
        at, now, space = _HEAD.size, utc_now(), session.longest_response
        for _item in range(count):
            await breath.take(1 + len(result) // _BYTES_PER_STEP)
            end = node_id_end(parameters, at)
            encoded_id = parameters[at:end]
            attribute, range_length, _namespace, name_length = _PLAIN_TAIL.unpack_from(parameters, end)
            if range_length <= 0 and name_length <= 0:
                at = end + _PLAIN_TAIL.size
                point = self._points.get(encoded_id) if attribute == AttributeIds.Value else None
                if point is None:
                    result = self._read(session, encoded_id, attribute, times, now)
                else:
                    try:
                        result = point.encoded(times)
                    except Exception:  # noqa: BLE001  as in `_read`
                        result = self._faulty(encoded_id, times, now)
            else:
                at, index_range, encoding = _tail(parameters, end)
                result = self._read(session, encoded_id, attribute, times, now, index_range, encoding)
            space -= len(result)
            if space < 0:
                raise ServiceError(StatusCodes.BadResponseTooLarge)
            results.append(result)
        return array(results) + NULL_ARRAY

    def _read(
        self,
        session: ClientSession,
        encoded_id: bytes,
        attribute: int,
        times: int,
        now: int,
        index_range: str = "",
        encoding: str = "",
    ) -> bytes:
        """One result, encoded."""
        try:
            node = self._nodes.get(encoded_id)
            if node is None:
                return bad_data_value(StatusCodes.BadNodeIdUnknown, times, now)
            if attribute != AttributeIds.Value:
                return self._other(session, node, attribute, times, now, index_range, encoding)
            held = self._held(session, node, encoded_id)
            if not encoding and isinstance(held, BoundValue):
                return held.encoded(times, parse_index_range(index_range) if index_range else None)
            data = stored(node, AttributeIds.Value)
            if data is None:
                return bad_data_value(StatusCodes.BadAttributeIdInvalid, times, now)
            if encoding:
                require_binary(data, encoding)
            if index_range:
                data = _part(data, index_range)
            return encode_data_value(data, times, self._started, now)
        except ServiceError as error:
            return bad_data_value(error.code, times, now)
        except Exception:  # noqa: BLE001  a fault of the program in one value; the others are answered all the same
            return self._faulty(encoded_id, times, now)

    def _faulty(self, encoded_id: bytes, times: int, now: int) -> bytes:
        """The result for a value that cannot be worked out; the log hears of it once."""
        if encoded_id not in self._reported:
            self._reported.add(encoded_id)
            _LOG.exception("%s cannot be read", node_id(encoded_id).to_string())
        return bad_data_value(StatusCodes.BadInternalError, times, now)

    def _held(self, session: ClientSession, node: NodeData, encoded_id: bytes) -> object:
        """The Value attribute of a node whose value this session may read."""
        if AttributeIds.Value not in node.attributes:
            raise ServiceError(StatusCodes.BadAttributeIdInvalid)
        if not access_level(node) & _READABLE:
            raise ServiceError(StatusCodes.BadNotReadable)
        least = self._access.least(node.nodeid)
        if not (access_level(node, AttributeIds.UserAccessLevel) & _READABLE and role_of(session).includes(least)):
            raise ServiceError(StatusCodes.BadUserAccessDenied)
        held: object = node.attributes[AttributeIds.Value]
        if isinstance(held, BoundValue) and self._access.is_open(node.nodeid):
            self._points[encoded_id] = held
        return held

    def _other(
        self,
        session: ClientSession,
        node: NodeData,
        attribute: int,
        times: int,
        now: int,
        index_range: str,
        encoding: str,
    ) -> bytes:
        """An attribute that is no value has no parts, no encodings and no source."""
        data = self._attributes.read(node, attribute, session)
        if data is None:
            raise ServiceError(StatusCodes.BadAttributeIdInvalid)
        if encoding:
            raise ServiceError(StatusCodes.BadDataEncodingInvalid)
        if index_range:
            parse_index_range(index_range)
            raise ServiceError(StatusCodes.BadIndexRangeNoData)
        return encode_data_value(data, times & SERVER, 0, now)


def _tail(parameters: bytes, at: int) -> tuple[int, str, str]:
    """End, IndexRange and name of the DataEncoding of an item, from behind its NodeId."""
    range_at = at + _ATTRIBUTE.size
    name_at = text_end(parameters, range_at) + _NAMESPACE.size
    return text_end(parameters, name_at), text(parameters, range_at), text(parameters, name_at)


def _part(data: ua.DataValue, index_range: str) -> ua.DataValue:
    wanted = parse_index_range(index_range)
    if data.Value is None or data.Value.Value is None:
        if data.StatusCode is not None and data.StatusCode.is_bad():
            return data
        raise ServiceError(StatusCodes.BadIndexRangeNoData)
    return ua.DataValue(cut(data.Value, wanted), data.StatusCode, data.SourceTimestamp, data.ServerTimestamp)
