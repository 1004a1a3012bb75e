"""The socket of one client: bytes in as a stream, bytes out with word of when the client does not keep up."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

from gateway.model.vanished_peer import notice_vanished_peer

WRITE_BUFFER = 256 * 1024
"""Bytes kept for a client that does not read, before its monitors hold back."""

_READ_SIZE = 2 * 1024  # caproto copies what is left after each request, so long chunks cost their square
_GONE = ("", 0)


class Connection(asyncio.StreamReaderProtocol):
    """One TCP connection.

    Args:
        accepted: Called once the client is connected.
        untaken_s: Seconds after which a client that takes nothing at all is given up, where the system can tell.
    """

    def __init__(self, accepted: Callable[[Connection], None], untaken_s: int) -> None:
        self._reader = asyncio.StreamReader()
        super().__init__(self._reader, self._begin)
        self._accepted = accepted
        self._untaken_s = untaken_s
        self._writer: asyncio.StreamWriter | None = None
        self.writable = True
        self.on_writable: Callable[[], None] = lambda: None

    def _begin(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        writer.transport.set_write_buffer_limits(WRITE_BUFFER)
        peer = writer.get_extra_info("socket")
        # asyncio leaves this out where the listener was made without a protocol number; ticks would wait up to 40 ms.
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        notice_vanished_peer(peer, untaken_s=self._untaken_s)
        self._accepted(self)

    @property
    def writer(self) -> asyncio.StreamWriter:
        """The way out."""
        assert self._writer is not None  # noqa: S101  set before anybody hears of the connection
        return self._writer

    def pause_writing(self) -> None:
        """The client does not keep up."""
        self.writable = False
        super().pause_writing()

    def resume_writing(self) -> None:
        """The client has caught up."""
        self.writable = True
        super().resume_writing()
        self.on_writable()

    def getsockname(self) -> tuple[str, int]:
        """Own address; the name is caproto's."""
        host, port = (self.writer.get_extra_info("sockname") or _GONE)[:2]
        return host, port

    def getpeername(self) -> tuple[str, int]:
        """The client's address; the name is caproto's."""
        host, port = (self.writer.get_extra_info("peername") or _GONE)[:2]
        return host, port

    def write(self, data: bytes) -> None:
        """Hand bytes to the socket; never waits. A connection that is ending takes none."""
        if not self.writer.transport.is_closing():
            self.writer.transport.write(data)

    async def drain(self) -> None:
        """Wait until the client has taken enough.

        Raises:
            OSError: It has gone.
        """
        await self.writer.drain()

    async def receive(self) -> bytes:
        """Next bytes, empty at the end of the connection."""
        try:
            return await self._reader.read(_READ_SIZE)
        except OSError:
            return b""

    def close(self) -> None:
        """Send what is left, then end the connection."""
        self.writer.transport.close()

    def abort(self) -> None:
        """End the connection at once; what is left is lost."""
        self.writer.transport.abort()

    async def wait_closed(self) -> None:
        """Wait until the socket is closed."""
        try:
            await self.writer.wait_closed()
        except OSError:
            return
