"""The Write service (OPC 10000-4 section 5.11.4): nothing here can be written, and every operation is told so."""

from __future__ import annotations

from functools import partial

from asyncua import ua
from asyncua.common.utils import Buffer, ServiceError
from asyncua.server.address_space import AddressSpace
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.ua_binary import Primitives, struct_from_binary

from gateway.adapters.opcua.engine.index_range import parse_index_range
from gateway.adapters.opcua.engine.service_messages import NULL_ARRAY, decoded, status_array
from gateway.adapters.opcua.services.attributes import Attributes, access_level
from gateway.adapters.opcua.services.breath import Breath
from gateway.adapters.opcua.services.sessions import ClientSession

_WRITABLE = ua.AccessLevel.CurrentWrite.mask
_ITEMS_PER_BREATH = 32
_WRITE_VALUE = partial(struct_from_binary, ua.WriteValue)


class WriteService:
    """Refuses writes.

    Args:
        aspace: Of the server.
        attributes: Attributes of its nodes.
    """

    def __init__(self, aspace: AddressSpace, attributes: Attributes) -> None:
        self._aspace = aspace
        self._attributes = attributes

    async def answer(self, session: ClientSession, parameters: bytes) -> bytes:
        """Answer one request; see `ReadService.answer`.

        Raises:
            ServiceError: There is nothing to write.
        """
        data = Buffer(parameters)
        count = Primitives.Int32.unpack(data)
        if count < 1:
            raise ServiceError(StatusCodes.BadNothingToDo)
        breath = Breath(_ITEMS_PER_BREATH)
        statuses: list[int] = []
        for _item in range(count):
            await breath.take()
            statuses.append(self._refusal(decoded(_WRITE_VALUE, data), session))
        return status_array(statuses) + NULL_ARRAY

    def _refusal(self, item: ua.WriteValue, session: ClientSession) -> int:
        node = self._aspace.get(item.NodeId)
        if node is None:
            return StatusCodes.BadNodeIdUnknown
        if item.AttributeId != AttributeIds.Value:
            known = self._attributes.read(node, item.AttributeId, session) is not None
            return StatusCodes.BadNotWritable if known else StatusCodes.BadAttributeIdInvalid
        if AttributeIds.Value not in node.attributes:
            return StatusCodes.BadAttributeIdInvalid
        if item.IndexRange:
            try:
                parse_index_range(item.IndexRange)
            except ServiceError as error:
                return error.code
        return StatusCodes.BadUserAccessDenied if access_level(node) & _WRITABLE else StatusCodes.BadNotWritable
