"""A sign of life from a pvAccess server: its greeting over TCP, engine-free.

Message header and greeting: pvAccess protocol specification, "Message Structure" and "Connection Validation". A server
says first which byte order it uses (control message 2), then asks who comes (message 1).
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import anyio

from gateway.adapters.epics_pva.settings import PvAccessSettings

DEFAULT_PORT = 5075
_EVERY_INTERFACE = "0.0.0.0"  # noqa: S104  what a server takes that is told of none
HEADER_BYTES = 8
_MAGIC = 0xCA
_CONTROL = 0x01
_SET_BYTE_ORDER = 2


def server_port(settings: PvAccessSettings) -> int:
    """TCP port of the server: that of the settings, else that of the environment.

    Raises:
        ValueError: The environment names no number.
    """
    environment = os.environ.get("EPICS_PVAS_SERVER_PORT") or os.environ.get("EPICS_PVA_SERVER_PORT")
    return settings.port if settings.port is not None else int(environment or DEFAULT_PORT)


def listening(settings: PvAccessSettings) -> Sequence[tuple[str, int]]:
    """Interfaces and port, as far as needed from the environment that every pvAccess server reads."""
    interfaces = settings.interfaces or os.environ.get("EPICS_PVAS_INTF_ADDR_LIST", "").split() or (_EVERY_INTERFACE,)
    return [(interface.partition(":")[0], server_port(settings)) for interface in interfaces]


async def greeted(host: str, port: int) -> None:
    """Connect and wait for the greeting.

    Raises:
        OSError: Nobody listens, or the connection broke.
        ValueError: Something else than a pvAccess server answered.
    """
    received = b""
    async with await anyio.connect_tcp(host, port) as stream:
        while len(received) < HEADER_BYTES:
            try:
                received += await stream.receive()
            except anyio.EndOfStream as error:
                raise ConnectionResetError("the server closed the connection") from error
    magic, _version, flags, command = received[:4]
    if magic != _MAGIC or not flags & _CONTROL or command != _SET_BYTE_ORDER:
        raise ValueError(f"{host}:{port} does not greet as a pvAccess server does")


async def probe(settings: PvAccessSettings) -> str:
    """Connect on this host and wait for the greeting.

    Returns:
        The address that answered.

    Raises:
        OSError: Nobody listens, or the connection broke.
        ValueError: Something else than a pvAccess server answered.
    """
    interface = (settings.interfaces or ("127.0.0.1",))[0]
    host = "127.0.0.1" if interface == "0.0.0.0" else interface  # noqa: S104  compared, not bound
    port = server_port(settings)
    await greeted(host, port)
    return f"{host}:{port}"
