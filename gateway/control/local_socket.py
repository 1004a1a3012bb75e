"""Unix sockets as anyio byte streams, on asyncio's own socket calls.

anyio's UNIXSocketStream is not used: when a receive or a send on it is cancelled in the moment in which the peer
leaves, the event loop reports an InvalidStateError, and up to anyio 4.14 closing it raises one (anyio issue 1267).
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
from anyio.abc import ByteStream


class LocalStream(ByteStream):
    """One connection. One task may receive while another one sends."""

    def __init__(self, raw: socket.socket) -> None:
        self._raw = raw
        self._loop = asyncio.get_running_loop()

    async def receive(self, max_bytes: int = 65536) -> bytes:
        """Wait for bytes.

        Raises:
            EndOfStream: The peer has closed.
            BrokenResourceError: The connection is lost.
        """
        try:
            data = await self._loop.sock_recv(self._raw, max_bytes)
        except OSError as error:
            raise anyio.BrokenResourceError from error
        if not data:
            raise anyio.EndOfStream
        return data

    async def send(self, item: bytes) -> None:
        """Send all of the bytes.

        Raises:
            BrokenResourceError: The connection is lost.
        """
        await anyio.lowlevel.checkpoint()
        try:
            await self._loop.sock_sendall(self._raw, item)
        except OSError as error:
            raise anyio.BrokenResourceError from error

    async def send_eof(self) -> None:
        """Send nothing more."""
        self._raw.shutdown(socket.SHUT_WR)

    async def aclose(self) -> None:
        """Close the connection."""
        self._raw.close()


async def connect(path: Path) -> LocalStream:
    """Connect to a socket.

    Raises:
        OSError: Nobody listens there, or it is not this user's.
    """
    raw = _unix_socket()
    try:
        await asyncio.get_running_loop().sock_connect(raw, str(path))
    except BaseException:
        raw.close()
        raise
    return LocalStream(raw)


class LocalListener:
    """Waits for clients; made by `open_listener`."""

    def __init__(self, raw: socket.socket) -> None:
        self._raw = raw

    async def accept(self) -> LocalStream:
        """Wait for the next client.

        Raises:
            OSError: The process can have no more connections.
        """
        client, _ = await asyncio.get_running_loop().sock_accept(self._raw)
        return LocalStream(client)


@contextmanager
def open_listener(path: Path) -> Iterator[LocalListener]:
    """Listen at a path that only this user can connect to; a socket that is there is replaced.

    Raises:
        OSError: It cannot be made.
    """
    if path.is_socket():
        path.unlink()
    with _unix_socket() as raw:
        raw.bind(str(path))
        try:
            path.chmod(0o600)
            raw.listen()
            yield LocalListener(raw)
        finally:
            path.unlink(missing_ok=True)


def _unix_socket() -> socket.socket:
    if not hasattr(socket, "AF_UNIX"):
        raise OSError("this system has no Unix sockets")
    raw = socket.socket(socket.AF_UNIX)
    raw.setblocking(False)
    return raw
