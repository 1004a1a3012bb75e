"""A sign of life from a Channel Access server: an echo over TCP (messages 0 and 23 of the protocol), engine-free."""

from __future__ import annotations

import os
import struct

import anyio

from gateway.adapters.epics_ca.settings import ChannelAccessSettings

_HEADER = struct.Struct(">HHHHII")
_VERSION, _ECHO = 0, 23
_MINOR_VERSION = 13
_LONGEST_ANSWER = 64
DEFAULT_PORT = 5064


def server_port(settings: ChannelAccessSettings) -> int:
    """TCP port of the server: that of the settings, else that of the environment.

    Raises:
        ValueError: The environment names no number.
    """
    environment = os.environ.get("EPICS_CAS_SERVER_PORT") or os.environ.get("EPICS_CA_SERVER_PORT")
    return settings.port if settings.port is not None else int(environment or DEFAULT_PORT)


async def probe(settings: ChannelAccessSettings) -> str:
    """Connect on this host and ask for an echo.

    Returns:
        The address that answered.

    Raises:
        OSError: Nobody listens, or the connection broke.
        ValueError: Something else than a Channel Access server answered.
    """
    interface = (settings.interfaces or ("127.0.0.1",))[0]
    host = "127.0.0.1" if interface == "0.0.0.0" else interface  # noqa: S104  compared, not bound
    port = server_port(settings)
    request = _HEADER.pack(_VERSION, 0, 0, _MINOR_VERSION, 0, 0) + _HEADER.pack(_ECHO, 0, 0, 0, 0, 0)
    received = b""
    async with await anyio.connect_tcp(host, port) as stream:
        await stream.send(request)
        while len(received) < _LONGEST_ANSWER:
            try:
                received += await stream.receive()
            except anyio.EndOfStream as error:
                raise ConnectionResetError("the server closed the connection") from error
            while len(received) >= _HEADER.size:
                command, payload, *_ = _HEADER.unpack_from(received)
                if command == _ECHO:
                    return f"{host}:{port}"
                received = received[_HEADER.size + payload :]
    raise ValueError(f"{host}:{port} sent no echo")
