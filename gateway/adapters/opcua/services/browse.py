"""Browse and BrowseNext (OPC 10000-4 sections 5.9.2 and 5.9.3).

asyncua 2.1.0 returns all references of a node with all their fields whatever was asked for, so that 2,000 children hold
the event loop for 73 ms.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from asyncua import ua
from asyncua.common.utils import Buffer, ServiceError
from asyncua.server.address_space import AddressSpace
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.ua_binary import Primitives, nodeid_from_binary, nodeid_to_binary, struct_to_binary

from gateway.adapters.opcua.engine.service_messages import NULL_ARRAY, array, decoded
from gateway.adapters.opcua.services.attributes import node_class
from gateway.adapters.opcua.services.breath import Breath
from gateway.adapters.opcua.services.continuation_points import Browse, ContinuationPoints
from gateway.adapters.opcua.services.reference_types import ReferenceTypes
from gateway.adapters.opcua.services.sessions import ClientSession

MAX_REFERENCES_PER_NODE = 1000
"""In one answer; the rest is for BrowseNext."""

MAX_REFERENCES_PER_REQUEST = 20_000
"""Of all nodes together, so that an answer stays below 4 MiB."""

MAX_LOOKS_PER_REQUEST = 200_000
"""References that are looked at for one answer, wanted or not: they cost 0.1 s, in small pieces."""

_FORWARD, _INVERSE, _BOTH = 0, 1, 2
_MASK_TYPE, _MASK_FORWARD, _MASK_CLASS, _MASK_BROWSE_NAME, _MASK_DISPLAY_NAME, _MASK_DEFINITION = (
    1 << bit for bit in range(6)
)
_NULL_NODE_ID = b"\x00\x00"
_NULL_BROWSE_NAME = b"\x00\x00\xff\xff\xff\xff"
_NULL_TEXT = b"\x00"
_HEAD_AFTER_VIEW = struct.Struct("<qIIi")
_DESCRIPTION = struct.Struct("<?II")
_CLASS, _LENGTH = struct.Struct("<i"), struct.Struct("<i")
_STATUS = struct.Struct("<I")
_REFERENCES_PER_BREATH = 64


class BrowseService:
    """Browses.

    Args:
        aspace: Of the server.
        reference_types: Its reference types.
    """

    def __init__(self, aspace: AddressSpace, reference_types: ReferenceTypes) -> None:
        self._aspace = aspace
        self._types = reference_types

    async def answer(self, session: ClientSession, parameters: bytes) -> bytes:
        """Answer a Browse request; see `ReadService.answer`.

        Raises:
            ServiceError: There is nothing to browse, or the view does not exist.
        """
        data = Buffer(parameters)
        view = decoded(nodeid_from_binary, data)
        _timestamp, _version, page, count = _HEAD_AFTER_VIEW.unpack(data.read(_HEAD_AFTER_VIEW.size))
        if not view.is_null():
            self._require_view(view)
        if count < 1:
            raise ServiceError(StatusCodes.BadNothingToDo)
        page = min(page or MAX_REFERENCES_PER_NODE, MAX_REFERENCES_PER_NODE)
        turn = _Turn(self._aspace, session.browses)
        results = [await turn.result(self._begin(page, *_description(data))) for _node in range(count)]
        return array(results) + NULL_ARRAY

    async def answer_next(self, session: ClientSession, parameters: bytes) -> bytes:
        """Answer a BrowseNext request; see `ReadService.answer`.

        Raises:
            ServiceError: There are no continuation points.
        """
        data = Buffer(parameters)
        release = Primitives.Boolean.unpack(data)
        count = Primitives.Int32.unpack(data)
        if count < 1:
            raise ServiceError(StatusCodes.BadNothingToDo)
        names = [Primitives.ByteString.unpack(data) for _point in range(count)]
        rests = [session.browses.take(name or b"") for name in names]
        if release:
            return array([]) + NULL_ARRAY
        turn = _Turn(self._aspace, session.browses)
        invalid = StatusCodes.BadContinuationPointInvalid
        return array([await turn.result(invalid if rest is None else rest) for rest in rests]) + NULL_ARRAY

    def _require_view(self, view: ua.NodeId) -> None:
        node = self._aspace.get(view)
        if node is None or node_class(node) != ua.NodeClass.View:
            raise ServiceError(StatusCodes.BadViewIdUnknown)

    def _begin(
        self,
        page: int,
        node_id: ua.NodeId,
        direction: int,
        reference_type: ua.NodeId,
        subtypes: bool,  # noqa: FBT001  as on the wire
        classes: int,
        fields: int,
    ) -> Browse | int:
        """What is to do for one node, or the StatusCode that says why it cannot be done."""
        if node_id not in self._aspace:
            return StatusCodes.BadNodeIdUnknown
        if direction not in (_FORWARD, _INVERSE, _BOTH):
            return StatusCodes.BadBrowseDirectionInvalid
        types = self._types.wanted(reference_type, subtypes=subtypes)
        if types is not None and not types:
            return StatusCodes.BadReferenceTypeIdInvalid
        forward = None if direction == _BOTH else direction == _FORWARD
        return Browse(node_id, forward, types, classes, fields, page)


class _Turn:
    """One request: what it may still return, and where the rest of its nodes is kept."""

    def __init__(self, aspace: AddressSpace, points: ContinuationPoints) -> None:
        self._aspace = aspace
        self._points = points
        self._budget = MAX_REFERENCES_PER_REQUEST
        self._looks = MAX_LOOKS_PER_REQUEST
        self._breath = Breath(_REFERENCES_PER_BREATH)
        points.begin_request()

    async def result(self, browse: Browse | int) -> bytes:
        """The BrowseResult of one node, encoded."""
        await self._breath.take()
        if isinstance(browse, int):
            return _result(browse)
        node = self._aspace.get(browse.node_id)
        references = [] if node is None else node.references
        if self._looks <= 0:
            return _result(StatusCodes.BadNoContinuationPoints)
        found, rest = await self._page(browse, references)
        self._budget -= len(found)
        self._looks -= (len(references) if rest is None else rest) - browse.begin
        if rest is None:
            return _result(StatusCodes.Good, found)
        if self._points.is_exhausted:
            return _result(StatusCodes.BadNoContinuationPoints)
        return _result(StatusCodes.Good, found, self._points.add(replace(browse, begin=rest)))

    async def _page(
        self, browse: Browse, references: Sequence[ua.ReferenceDescription]
    ) -> tuple[list[bytes], int | None]:
        """Wanted references, encoded, and the place of the first for which there is no room."""
        found: list[bytes] = []
        most = min(browse.page, self._budget)
        for place in range(browse.begin, len(references)):
            await self._breath.take()
            reference = references[place]
            if not browse.wants(reference):
                continue
            if len(found) == most:
                return found, place
            found.append(_encoded(reference, browse.fields))
        return found, None


def _description(data: Buffer) -> tuple[ua.NodeId, int, ua.NodeId, bool, int, int]:
    """NodeId, direction, reference type, subtypes, classes and fields of one BrowseDescription."""
    node_id = decoded(nodeid_from_binary, data)
    direction = Primitives.Int32.unpack(data)
    reference_type = decoded(nodeid_from_binary, data)
    subtypes, classes, fields = _DESCRIPTION.unpack(data.read(_DESCRIPTION.size))
    return node_id, direction, reference_type, subtypes, classes, fields


def _result(status: int, references: Sequence[bytes] = (), point: bytes | None = None) -> bytes:
    name = NULL_ARRAY if point is None else _LENGTH.pack(len(point)) + point
    return _STATUS.pack(status) + name + array(list(references))


@lru_cache(maxsize=1024)
def _type_id(identifier: int | str, namespace: int) -> bytes:
    """Types are few, and every reference names two."""
    text = ua.String(identifier) if isinstance(identifier, str) else ua.Int32(identifier)
    return nodeid_to_binary(ua.NodeId(text, ua.Int16(namespace)))


def _encoded_type(node_id: ua.NodeId | None) -> bytes:
    if node_id is None or not isinstance(node_id.Identifier, (int, str)):
        return _NULL_NODE_ID if node_id is None else nodeid_to_binary(node_id)
    return _type_id(node_id.Identifier, node_id.NamespaceIndex)


def _encoded(reference: ua.ReferenceDescription, fields: int) -> bytes:
    """A ReferenceDescription with the fields asked for (OPC 10000-4 section 7.30)."""
    own = reference.NodeClass if fields & _MASK_CLASS else 0
    return b"".join(
        (
            _encoded_type(reference.ReferenceTypeId) if fields & _MASK_TYPE else _NULL_NODE_ID,
            b"\x01" if fields & _MASK_FORWARD and reference.IsForward else b"\x00",
            nodeid_to_binary(reference.NodeId),
            struct_to_binary(reference.BrowseName) if fields & _MASK_BROWSE_NAME else _NULL_BROWSE_NAME,
            struct_to_binary(reference.DisplayName) if fields & _MASK_DISPLAY_NAME else _NULL_TEXT,
            _CLASS.pack(own),
            _encoded_type(reference.TypeDefinition) if fields & _MASK_DEFINITION else _NULL_NODE_ID,
        )
    )
