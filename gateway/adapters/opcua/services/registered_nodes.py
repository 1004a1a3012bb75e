"""RegisterNodes and UnregisterNodes (OPC 10000-4 sections 5.9.5 and 5.9.6).

NodeIds of this server are as good as they get, so clients get back what they register, known or not.
"""

from __future__ import annotations

from asyncua.common.utils import Buffer, ServiceError
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.ua_binary import Primitives, nodeid_from_binary

from gateway.adapters.opcua.engine.service_messages import decoded
from gateway.adapters.opcua.services.breath import Breath
from gateway.adapters.opcua.services.sessions import ClientSession

_NODES_PER_BREATH = 256


async def _null_nodes(parameters: bytes) -> list[bool]:
    """For each NodeId of a list whether it is null.

    Raises:
        ServiceError: BadNothingToDo.
    """
    data = Buffer(parameters)
    count = Primitives.Int32.unpack(data)
    if count < 1:
        raise ServiceError(StatusCodes.BadNothingToDo)
    breath = Breath(_NODES_PER_BREATH)
    null: list[bool] = []
    for _node in range(count):
        await breath.take()
        null.append(decoded(nodeid_from_binary, data).is_null())
    return null


async def register_nodes(_session: ClientSession, parameters: bytes) -> bytes:
    """Answer one request; see `ReadService.answer`.

    Raises:
        ServiceError: There are none, or one of them is null.
    """
    if any(await _null_nodes(parameters)):
        raise ServiceError(StatusCodes.BadNodeIdInvalid)
    return parameters


async def unregister_nodes(_session: ClientSession, parameters: bytes) -> bytes:
    """Answer one request; see `ReadService.answer`.

    Raises:
        ServiceError: There are none, or all of them are null.
    """
    if all(await _null_nodes(parameters)):
        raise ServiceError(StatusCodes.BadNodeIdInvalid)
    return b""
