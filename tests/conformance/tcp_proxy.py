"""A wire between OPC UA clients and the gateway that keeps what passes, and that can be cut."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

import anyio
from anyio.abc import ByteStream, SocketAttribute, SocketStream

_LOST = (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError)
_RST = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Passed:
    """Bytes that passed.

    Attributes:
        connection: Number of the connection, from 0.
        from_client: Direction.
        unix_s: When.
        data: The bytes.
    """

    connection: int
    from_client: bool
    unix_s: float
    data: bytes


@dataclass
class TcpProxy:
    """Made by `tcp_proxy`.

    Attributes:
        url: Endpoint URL that leads through it.
        keeps: Whether it keeps what passes.
        passed: Everything that passed, in order.
        connections: Connections so far.
    """

    url: str
    keeps: bool
    passed: list[Passed] = field(default_factory=list)
    connections: int = 0
    _open: set[SocketStream] = field(default_factory=set)

    async def abort(self) -> int:
        """End every connection by RST, on both sides; returns how many there were."""
        streams = tuple(self._open)
        for stream in streams:
            stream.extra(SocketAttribute.raw_socket).setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST)
            with suppress(*_LOST):
                await anyio.aclose_forcefully(stream)
        return len(streams) // 2

    async def _serve(self, client: SocketStream, host: str, port: int) -> None:
        connection, self.connections = self.connections, self.connections + 1
        try:
            server = await anyio.connect_tcp(host, port)
        except OSError:
            await anyio.aclose_forcefully(client)
            return
        async with client, server:
            self._open |= {client, server}
            try:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(self._carry, connection, client, server, True)
                    tasks.start_soon(self._carry, connection, server, client, False)
            finally:
                self._open -= {client, server}

    async def _carry(self, connection: int, source: ByteStream, sink: ByteStream, from_client: bool) -> None:
        with suppress(*_LOST):
            while True:
                data = await source.receive()
                if self.keeps:
                    self.passed.append(Passed(connection, from_client, time.time(), data))
                await sink.send(data)
        with suppress(*_LOST):
            await sink.send_eof()


@asynccontextmanager
async def tcp_proxy(url: str, *, keep: bool = False) -> AsyncIterator[TcpProxy]:
    """Listen in front of the server at this endpoint URL."""
    there = urlsplit(url)
    assert there.hostname is not None
    assert there.port is not None
    host, port = there.hostname, there.port
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    own_port = listener.extra(SocketAttribute.local_port)
    proxy = TcpProxy(urlunsplit(there._replace(netloc=f"127.0.0.1:{own_port}")), keep)

    async def serve(client: SocketStream) -> None:
        await proxy._serve(client, host, port)

    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, serve)
        try:
            yield proxy
        finally:
            tasks.cancel_scope.cancel()
