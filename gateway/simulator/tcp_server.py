"""A line as a TCP server, as a serial device server or a Modbus/TCP gateway shows it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio
from anyio.abc import ByteStream, SocketAttribute, SocketStream

from gateway.errors import LinkError
from gateway.simulator.settings import TcpLink


class TcpServer:
    """Listening sockets of one line; made by `open_tcp_server`."""

    def __init__(self, listener: anyio.abc.Listener[SocketStream], host: str) -> None:
        self._listener = listener
        self.port: int = listener.extra(SocketAttribute.local_port)  # noqa: S610 - anyio's, not Django's
        self.endpoint = f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"

    async def serve(self, attend: Callable[[ByteStream], Awaitable[None]]) -> None:
        """Let `attend` talk to each client in a task of its own, until cancelled."""

        async def handle(stream: SocketStream) -> None:
            async with stream:
                await attend(stream)

        await self._listener.serve(handle)


@asynccontextmanager
async def open_tcp_server(link: TcpLink, where: str) -> AsyncIterator[TcpServer]:
    """Listen on the link.

    Raises:
        LinkError: The address cannot be bound.
    """
    try:
        listener = await anyio.create_tcp_listener(local_host=link.host, local_port=link.port)
    except OSError as error:
        raise LinkError(
            f"cannot listen on {link.host}:{link.port}: {error}",
            where=where,
            hint="choose a free port of this machine, or 0 for any",
        ) from error
    async with listener:
        yield TcpServer(listener, link.host)
