"""TranslateBrowsePathsToNodeIds (OPC 10000-4 section 5.9.4)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from asyncua import ua
from asyncua.common.utils import Buffer, ServiceError
from asyncua.server.address_space import AddressSpace
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.ua_binary import Primitives, struct_from_binary, struct_to_binary

from gateway.adapters.opcua.engine.service_messages import NULL_ARRAY, array, decoded
from gateway.adapters.opcua.services.breath import Breath
from gateway.adapters.opcua.services.reference_types import ReferenceTypes
from gateway.adapters.opcua.services.sessions import ClientSession

MAX_ELEMENTS = 64
"""Steps of one path; no address space of ours is half as deep."""

MAX_TARGETS = 1000
"""Of one path."""

MAX_LOOKS_PER_REQUEST = 5_000_000
"""References that are looked at for one answer: they cost 0.5 s, in small pieces."""

_WHOLE_PATH = ua.Index(2**32 - 1)  # RemainingPathIndex of a target that the path leads to in full
_LOOKS_PER_BREATH = 2000
_BROWSE_PATH = partial(struct_from_binary, ua.BrowsePath)


class _Walk:
    """The way of one request through the address space."""

    def __init__(self) -> None:
        self.breath = Breath(_LOOKS_PER_BREATH)
        self._looks = MAX_LOOKS_PER_REQUEST

    async def look(self, references: int) -> None:
        """Before so many references are looked at.

        Raises:
            ServiceError: BadQueryTooComplex.
        """
        self._looks -= references
        if self._looks < 0:
            raise ServiceError(StatusCodes.BadQueryTooComplex)
        await self.breath.take(references)


class TranslateService:
    """Follows browse paths.

    Args:
        aspace: Of the server.
        reference_types: Its reference types.
    """

    def __init__(self, aspace: AddressSpace, reference_types: ReferenceTypes) -> None:
        self._aspace = aspace
        self._types = reference_types

    async def answer(self, _session: ClientSession, parameters: bytes) -> bytes:
        """Answer one request; see `ReadService.answer`.

        Raises:
            ServiceError: There are no paths.
        """
        data = Buffer(parameters)
        count = Primitives.Int32.unpack(data)
        if count < 1:
            raise ServiceError(StatusCodes.BadNothingToDo)
        walk = _Walk()
        results: list[bytes] = []
        for _path in range(count):
            await walk.breath.take()
            results.append(struct_to_binary(await self._result(decoded(_BROWSE_PATH, data), walk)))
        return array(results) + NULL_ARRAY

    async def _result(self, path: ua.BrowsePath, walk: _Walk) -> ua.BrowsePathResult:
        try:
            targets = await self._follow(path.StartingNode, path.RelativePath.Elements, walk)
        except ServiceError as error:
            return ua.BrowsePathResult(StatusCode=ua.StatusCode(ua.UInt32(error.code)))
        return ua.BrowsePathResult(
            Targets=[ua.BrowsePathTarget(TargetId=target, RemainingPathIndex=_WHOLE_PATH) for target in targets]
        )

    async def _follow(self, start: ua.NodeId, elements: list[ua.RelativePathElement], walk: _Walk) -> list[ua.NodeId]:
        if start not in self._aspace:
            raise ServiceError(StatusCodes.BadNodeIdUnknown)
        if not elements:
            raise ServiceError(StatusCodes.BadNothingToDo)
        if len(elements) > MAX_ELEMENTS:
            raise ServiceError(StatusCodes.BadQueryTooComplex)
        if not all(element.TargetName.Name for element in elements):
            raise ServiceError(StatusCodes.BadBrowseNameInvalid)
        reached = [start]
        for element in elements:
            found: dict[ua.NodeId, None] = {}
            for node_id in reached:
                node = self._aspace.get(node_id)
                if node is not None:
                    await walk.look(len(node.references))
                    found.update(dict.fromkeys(self._step(node.references, element)))
            reached = list(found)
            if len(reached) > MAX_TARGETS:
                raise ServiceError(StatusCodes.BadTooManyMatches)
        if not reached:
            raise ServiceError(StatusCodes.BadNoMatch)
        return reached

    def _step(self, references: list[ua.ReferenceDescription], element: ua.RelativePathElement) -> Iterator[ua.NodeId]:
        types = self._types.wanted(element.ReferenceTypeId, subtypes=bool(element.IncludeSubtypes))
        name, namespace = element.TargetName.Name, element.TargetName.NamespaceIndex
        for one in references:
            if (
                one.BrowseName.Name == name
                and one.BrowseName.NamespaceIndex == namespace
                and one.IsForward != element.IsInverse
                and (types is None or one.ReferenceTypeId in types)
            ):
                yield one.NodeId
