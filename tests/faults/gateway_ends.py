"""The end of the proxy that the gateway opens: a serial port that can vanish, or a TCP endpoint that can hang up."""

from __future__ import annotations

import socket
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol, Self

import anyio
from anyio.abc import ByteStream, TaskStatus

from gateway.simulator.pseudo_terminal import open_pty_server
from gateway.simulator.settings import PtyLink

Attend = Callable[[ByteStream], Awaitable[None]]
"""Talks to the gateway over one connection until either side has had enough."""

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class GatewayEnd(Protocol):
    """Where the gateway connects."""

    @property
    def link(self) -> str:
        """As the settings of a bus write it."""
        ...

    async def serve(self, attend: Attend, *, task_status: TaskStatus[None]) -> None:
        """Let the gateway in until cancelled, which pulls the plug; started once it can come."""
        ...


class SerialEnd:
    """A pseudo-terminal, like the port of a USB adapter: unplugged, its path is gone and its user sees a hang-up."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.link = str(path)

    async def serve(self, attend: Attend, *, task_status: TaskStatus[None]) -> None:
        """See `GatewayEnd`."""
        async with open_pty_server(PtyLink(self._path), "proxy") as server:
            task_status.started()
            await server.serve(attend)


class TcpEnd:
    """A TCP endpoint, like that of a serial server: unplugged, it resets its connections and refuses new ones.

    The port stays bound meanwhile, so that nobody else gets it. Without that, a connection attempt on loopback now and
    then gets the very port it wants to reach as its own and connects to itself.
    """

    def __init__(self) -> None:
        self._accepted = anyio.Event()
        self._reservation = self._bound(0)
        self._port: int = self._reservation.getsockname()[1]
        self._connections: set[TcpConnection] = set()
        self.link = f"socket://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._reservation.close()

    async def next_connection(self) -> None:
        """Wait until the gateway connects anew."""
        await self._accepted.wait()

    def reset(self) -> None:
        """End every connection with a reset (RST); the gateway may connect again."""
        for connection in self._connections:
            connection.reset()

    def half_close(self) -> None:
        """Send the end of the stream (FIN) on every connection and go on reading."""
        for connection in self._connections:
            connection.half_close()

    async def serve(self, attend: Attend, *, task_status: TaskStatus[None]) -> None:
        """See `GatewayEnd`."""
        with self._bound(self._port) as listener:
            listener.listen()
            task_status.started()
            async with anyio.create_task_group() as tasks:
                while True:
                    await anyio.wait_readable(listener)
                    accepted, self._accepted = self._accepted, anyio.Event()
                    accepted.set()
                    tasks.start_soon(self._attend, TcpConnection(listener.accept()[0]), attend)

    async def _attend(self, connection: TcpConnection, attend: Attend) -> None:
        self._connections.add(connection)
        try:
            await attend(connection)
        finally:
            self._connections.discard(connection)
            connection.reset()

    def _bound(self, port: int) -> socket.socket:
        raw = socket.socket()
        raw.setblocking(False)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        raw.bind(("127.0.0.1", port))
        return raw


class TcpConnection(ByteStream):
    """One connection with its ways to end. anyio's own stream cannot send a reset without an orderly end before it."""

    def __init__(self, raw: socket.socket) -> None:
        raw.setblocking(False)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._raw = raw
        self._open = True

    async def receive(self, max_bytes: int = 65536) -> bytes:
        """Bytes from the gateway.

        Raises:
            EndOfStream: It has closed.
            ClosedResourceError: This side has.
            BrokenResourceError: The connection is lost.
        """
        while self._open:
            await anyio.wait_readable(self._raw)
            try:
                data = self._raw.recv(max_bytes)
            except BlockingIOError:
                continue
            except OSError as error:
                raise anyio.BrokenResourceError from error
            if not data:
                raise anyio.EndOfStream
            return data
        raise anyio.ClosedResourceError

    async def send(self, item: bytes) -> None:
        """Send everything.

        Raises:
            BrokenResourceError: The connection is lost or closed.
        """
        await anyio.lowlevel.checkpoint()
        while item:
            try:
                item = item[self._raw.send(item) :]
            except BlockingIOError:
                await anyio.wait_writable(self._raw)
            except OSError as error:
                raise anyio.BrokenResourceError from error

    async def send_eof(self) -> None:
        """See `half_close`."""
        self.half_close()

    async def aclose(self) -> None:
        """See `reset`."""
        self.reset()

    def half_close(self) -> None:
        """Send FIN and go on reading."""
        if self._open:
            self._raw.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Send RST. Repeatable."""
        if self._open:
            self._open = False
            anyio.notify_closing(self._raw)
            self._raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            self._raw.close()
