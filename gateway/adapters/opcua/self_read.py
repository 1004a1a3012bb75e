"""An OPC UA server on loopback, read as a client reads it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from asyncua import ua
from asyncua.client.client import Client
from asyncua.crypto.security_policies import (
    SecurityPolicyAes128Sha256RsaOaep,
    SecurityPolicyAes256Sha256RsaPss,
    SecurityPolicyBasic256Sha256,
)
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.uaerrors import UaError

from gateway.adapters.opcua.engine.double_array import as_array
from gateway.adapters.opcua.engine.logging import quieten_engine
from gateway.adapters.opcua.security.pki_folders import PkiFolders
from gateway.errors import AdapterError
from gateway.ports import ReadBack

_ANSWER_S = 10.0
_POLICIES = (SecurityPolicyBasic256Sha256, SecurityPolicyAes128Sha256RsaOaep, SecurityPolicyAes256Sha256RsaPss)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


async def read_back(endpoint: str, names: Sequence[str], folder: Path) -> Sequence[ReadBack]:
    """Read the Value attribute of nodes; see `ports.SelfReadingKind`.

    All are read without security, and the first over each secure endpoint by a client that the server is to trust.
    """
    quieten_engine()
    try:
        for secure in await Client(endpoint, timeout=_ANSWER_S).connect_and_get_server_endpoints():
            if secure.SecurityMode != ua.MessageSecurityMode.None_:
                await _read_securely(endpoint, secure, names[0], folder)
        async with Client(endpoint, timeout=_ANSWER_S) as client:
            return [
                _decoded(name, await client.get_node(name).read_data_value(raise_on_bad_status=False)) for name in names
            ]
    except (OSError, TimeoutError, UaError) as error:
        raise AdapterError(f"the server cannot be read: {error!r}", where=f"opcua {endpoint}") from error


async def _read_securely(endpoint: str, secure: ua.EndpointDescription, name: str, folder: Path) -> None:
    key, certificate = folder / "client.pem", folder / "client.der"
    client = Client(endpoint, timeout=_ANSWER_S)
    if not certificate.exists():
        await client.setup_self_signed_certificate(key, certificate)
        shutil.copy(certificate, PkiFolders(folder / "pki").trusted.certificates)
    (policy,) = (one for one in _POLICIES if secure.SecurityPolicyUri == one.URI)
    try:
        await client.set_security(
            policy, certificate, key, server_certificate=secure.ServerCertificate or b"", mode=secure.SecurityMode
        )
        async with client:
            await client.get_node(name).read_data_value(raise_on_bad_status=False)
    except (OSError, TimeoutError, UaError) as error:
        way = f"{secure.SecurityPolicyUri}, {secure.SecurityMode.name}"
        raise AdapterError(f"the server cannot be read over {way}: {error!r}", where=f"opcua {endpoint}") from error


def _decoded(name: str, data: ua.DataValue) -> ReadBack:
    code = 0 if data.StatusCode is None else data.StatusCode.value
    if code == StatusCodes.BadNodeIdUnknown:
        raise AdapterError(f"there is no node '{name}'", where="opcua")
    source = data.SourceTimestamp or _EPOCH
    unix_us = (source.replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)
    value = None if data.Value is None else data.Value.Value
    if isinstance(value, list):
        value = as_array(value)
    return ReadBack(value, unix_us, status_code=code)
