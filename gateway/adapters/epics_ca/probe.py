"""A sign of life from a Channel Access server: an echo over TCP (messages 0 and 23 of the protocol), engine-free."""

from __future__ import annotations

import struct

import anyio

from gateway.adapters.epics_ca.environment import EVERY_INTERFACE, interfaces, server_port
from gateway.adapters.epics_ca.settings import ChannelAccessSettings

_HEADER = struct.Struct(">HHHHII")
_VERSION, _ECHO = 0, 23
_MINOR_VERSION = 13
_LONGEST_ANSWER = 64


async def probe(settings: ChannelAccessSettings) -> str:
    """Connect on this host and ask for an echo.

    Returns:
        The address that answered.

    Raises:
        OSError: Nobody listens, or the connection broke.
        ValueError: Something else than a Channel Access server answered.
    """
    interface = interfaces(settings)[0]
    host = "127.0.0.1" if interface == EVERY_INTERFACE else interface
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
