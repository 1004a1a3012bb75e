"""Bytes from an asyncio transport, stamped when they arrive."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import cast

import anyio

from gateway.errors import LinkError
from gateway.model.stamp import Clock, Stamp
from gateway.wire.tap import WireEventKind, WireTap

_UNREAD_BYTES_KEPT = 64 * 1024


class Receiver(asyncio.Protocol):
    """Collects what arrives on one transport; a `ports.ByteLink`.

    Reading pauses while more than 64 KiB wait for a slow consumer, so memory stays bounded and the kernel pushes back.
    """

    def __init__(self, where: str, clock: Clock, tap: WireTap) -> None:
        self._where = where
        self._clock = clock
        self._tap = tap
        self._chunks: deque[tuple[bytes, Stamp]] = deque()
        self._unread = 0
        self._wake = anyio.Event()
        self._closed = anyio.Event()
        self._reason: str | None = None
        self._transport: asyncio.ReadTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the transport."""
        self._transport = cast("asyncio.ReadTransport", transport)

    def data_received(self, data: bytes) -> None:
        """Called by the transport; the stamp is taken before anything else."""
        self.arrived(data, self._clock.stamp())

    @property
    def backlogged(self) -> bool:
        """Whether more waits for the consumer than is kept without pushing back."""
        return self._unread > _UNREAD_BYTES_KEPT

    def arrived(self, data: bytes, stamp: Stamp) -> None:
        """Take bytes that were stamped elsewhere."""
        self._tap.see(WireEventKind.RECEIVED, stamp, data)
        self._chunks.append((data, stamp))
        self._unread += len(data)
        if self.backlogged and self._transport is not None:
            self._transport.pause_reading()
        self._wake.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the transport."""
        self._transport = None  # pyserial-asyncio 0.6 cannot even be aborted after this
        self._reason = f"the line is lost: {exc}" if exc else "the line is lost: the other side closed it"
        self._wake.set()
        self._closed.set()

    async def receive(self) -> tuple[bytes, Stamp]:
        """Wait for bytes.

        Raises:
            LinkError: The wire is gone and everything received before has been read.
        """
        while not self._chunks:
            if self._reason is not None:
                raise LinkError(self._reason, where=self._where, hint="check the cable and the power of the device")
            self._wake = anyio.Event()
            await self._wake.wait()
        data, stamp = self._chunks.popleft()
        paused = self.backlogged
        self._unread -= len(data)
        if paused and not self.backlogged and self._transport is not None:
            self._transport.resume_reading()
        return data, stamp

    async def aclose(self) -> None:
        """Close the transport and wait until the port is really free."""
        if self._transport is None or self._closed.is_set():
            return
        with anyio.CancelScope(shield=True):
            cast("asyncio.WriteTransport", self._transport).abort()
            with anyio.move_on_after(1):
                await self._closed.wait()
