"""The socket of one client: bytes in and out, with word of when the client does not keep up.

A connection says nothing of its client until somebody takes it: one that is idle is a few small objects, and thousands
of them cost the garbage collector little.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Protocol, cast

from gateway.adapters.epics_ca.limits import Limits
from gateway.model.vanished_peer import notice_vanished_peer

WRITE_BUFFER = 256 * 1024
"""Bytes that monitors hand over at once."""

_READ_SIZE = 2 * 1024  # caproto copies what is left after each request, so long chunks cost their square
_READ_BUFFER = 64 * 1024
_GONE = ("", 0)


class Entrance(Protocol):
    """Who hears of a connection that nobody has taken yet, and of any that does not keep up."""

    def came(self, connection: Connection) -> None:
        """The client is connected."""
        ...

    def heard(self, connection: Connection) -> None:
        """It has said something."""
        ...

    def ended(self, connection: Connection) -> None:
        """It says no more."""
        ...

    def left(self, connection: Connection) -> None:
        """It is gone."""
        ...

    def stuck(self, connection: Connection) -> None:
        """More waits for it than may, and has for as long as it may."""
        ...


def _nobody_waits() -> None:
    return


class Connection(asyncio.Protocol):
    """One TCP connection.

    Args:
        entrance: Who hears of it.
        limits: How much may wait for the client, and how long.
    """

    __slots__ = (
        "_closed",
        "_data",
        "_drained",
        "_ended",
        "_entrance",
        "_limits",
        "_lost",
        "_news",
        "_patience",
        "_reading",
        "_transport",
        "is_taken",
        "on_writable",
        "writable",
    )

    def __init__(self, entrance: Entrance, limits: Limits) -> None:
        self._entrance = entrance
        self._limits = limits
        self._data = bytearray()
        self._reading = True
        self._ended = self._lost = False
        self._news: asyncio.Future[None] | None = None
        self._drained: asyncio.Future[None] | None = None
        self._closed: asyncio.Future[None] | None = None
        self._patience: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport
        self.is_taken = False
        """Whether somebody reads, so that the entrance need not."""
        self.writable = True
        self.on_writable: Callable[[], None] = _nobody_waits

    @property
    def said(self) -> bytes:
        """What the client has said and nobody has received."""
        return bytes(self._data)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.BaseProtocol`."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(self._limits.unsent_bytes)
        peer = transport.get_extra_info("socket")
        # asyncio leaves this out where the listener was made without a protocol number; ticks would wait up to 40 ms.
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        notice_vanished_peer(peer, untaken_s=self._limits.untaken_s)
        self._entrance.came(self)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        self._data += data
        if self._reading and len(self._data) > _READ_BUFFER:
            self._reading = False
            self._transport.pause_reading()
        _fulfil(self._news)
        if not self.is_taken:
            self._entrance.heard(self)

    def eof_received(self) -> bool:
        """See `asyncio.Protocol`; when the connection is closed is for others to say."""
        self._ended = True
        _fulfil(self._news)
        if not self.is_taken:
            self._entrance.ended(self)
        return True

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  it is over, however
        """See `asyncio.BaseProtocol`."""
        self._ended = self._lost = True
        self._stop_waiting()
        for waiting in (self._news, self._drained, self._closed):
            _fulfil(waiting)
        self._entrance.left(self)

    def pause_writing(self) -> None:
        """More waits for the client than may."""
        self.writable = False
        loop = asyncio.get_running_loop()
        self._patience = loop.call_later(self._limits.unsent_s, self._entrance.stuck, self)

    def resume_writing(self) -> None:
        """The client has caught up."""
        self.writable = True
        self._stop_waiting()
        _fulfil(self._drained)
        self.on_writable()

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def getsockname(self) -> tuple[str, int]:
        """Own address; the name is caproto's."""
        host, port = (self._transport.get_extra_info("sockname") or _GONE)[:2]
        return host, port

    def getpeername(self) -> tuple[str, int]:
        """The client's address; the name is caproto's."""
        host, port = (self._transport.get_extra_info("peername") or _GONE)[:2]
        return host, port

    def write(self, data: bytes) -> None:
        """Hand bytes to the socket; never waits. A connection that is ending takes none."""
        if not self._transport.is_closing():
            self._transport.write(data)

    async def drain(self) -> None:
        """Wait until the client has taken enough.

        Raises:
            OSError: It has gone.
        """
        if not (self.writable or self._lost):
            self._drained = asyncio.get_running_loop().create_future()
            await self._drained
        if self._lost:
            raise ConnectionResetError("the client has gone")

    async def receive(self, least: int = 1) -> bytes:
        """Next bytes, empty at the end of the connection.

        Args:
            least: How many to wait for; there may be fewer where the connection ends.
        """
        while len(self._data) < max(least, 1) and not self._ended:
            self._go_on_reading()
            self._news = asyncio.get_running_loop().create_future()
            await self._news
        size = max(least, _READ_SIZE)
        data = bytes(self._data[:size])
        del self._data[:size]
        if not self._data:
            self._go_on_reading()
        return data

    def _go_on_reading(self) -> None:
        if not (self._reading or self._ended):
            self._reading = True
            self._transport.resume_reading()

    def close(self) -> None:
        """Send what is left, then end the connection."""
        self._transport.close()

    def abort(self) -> None:
        """End the connection at once; what is left is lost."""
        self._transport.abort()

    async def wait_closed(self) -> None:
        """Wait until the socket is closed."""
        if not self._lost:
            self._closed = asyncio.get_running_loop().create_future()
            await self._closed


def _fulfil(waiting: asyncio.Future[None] | None) -> None:
    if waiting is not None and not waiting.done():
        waiting.set_result(None)
