"""An OPC UA server on loopback, read as a client reads it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.uaerrors import UaError

from gateway.adapters.opcua.engine.logging import quieten_engine
from gateway.errors import AdapterError
from gateway.ports import ReadBack

_ANSWER_S = 10.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


async def read_back(endpoint: str, names: Sequence[str]) -> Sequence[ReadBack]:
    """Read the Value attribute of nodes; see `ports.SelfReadingKind`."""
    quieten_engine()
    try:
        async with Client(endpoint, timeout=_ANSWER_S) as client:
            return [
                _decoded(name, await client.get_node(name).read_data_value(raise_on_bad_status=False)) for name in names
            ]
    except (OSError, TimeoutError, UaError) as error:
        raise AdapterError(f"the server cannot be read: {error!r}", where=f"opcua {endpoint}") from error


def _decoded(name: str, data: ua.DataValue) -> ReadBack:
    code = 0 if data.StatusCode is None else data.StatusCode.value
    if code == StatusCodes.BadNodeIdUnknown:
        raise AdapterError(f"there is no node '{name}'", where="opcua")
    source = data.SourceTimestamp or _EPOCH
    unix_us = (source.replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)
    value = None if data.Value is None else data.Value.Value
    return ReadBack(value, unix_us, status_code=code)
