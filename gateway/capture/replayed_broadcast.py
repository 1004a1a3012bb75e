"""A recorded analyser in continuous mode as a server: it says what it said when it was recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import anyio
from anyio.abc import ByteStream
from anyio.lowlevel import checkpoint

from gateway.capture.events import CapturedEvent, EventKind
from gateway.model.stamp import Clock

_CHUNK = 1024
_STALLED_S = 5.0
_GONE = (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError)


class ReplayedBroadcast:
    """Sends the received bytes of a recording, at their times, to whoever listens.

    The recording stands still while nobody listens. Where its wire was closed, clients are sent away.

    Args:
        events: Gives the recording from its beginning, each time it is called.
        speed: Factor by which time runs faster than recorded; 0 for as fast as clients take it.
        loop: Begin again after the end.
        clock: Time.
    """

    def __init__(
        self, events: Callable[[], Iterable[CapturedEvent]], *, speed: float, loop: bool, clock: Clock
    ) -> None:
        self._events = events
        self._speed = speed
        self._loop = loop
        self._clock = clock
        self._clients: dict[ByteStream, anyio.CancelScope] = {}
        self._somebody = anyio.Event()

    async def run(self) -> None:
        """Play until the end, or until cancelled."""
        while True:
            await self._play()
            if not self._loop:
                return

    async def attend(self, stream: ByteStream) -> None:
        """Keep one client until it goes, or is sent away; what it sends is thrown away."""
        with anyio.CancelScope() as scope:
            self._clients[stream] = scope
            self._somebody.set()
            try:
                while True:
                    await stream.receive(_CHUNK)
            except _GONE:
                return
            finally:
                del self._clients[stream]

    async def _play(self) -> None:
        last_us, due_ns = 0, self._clock.monotonic_ns()
        for event in self._events():
            due_ns = await self._somebody_listens(due_ns)
            if self._speed:
                due_ns += round((event.offset_us - last_us) * 1000 / self._speed)
                last_us = event.offset_us
                await self._clock.sleep_until(due_ns)
                due_ns = await self._somebody_listens(due_ns)
            if event.kind is EventKind.RECEIVED:
                await self._send(event.data)
            elif event.kind is EventKind.CLOSED:
                self._send_away()

    async def _somebody_listens(self, due_ns: int) -> int:
        """Wait for a client; returns `due_ns`, or the present if there was none by then."""
        await checkpoint()
        if self._clients:
            return due_ns
        self._somebody = anyio.Event()
        await self._somebody.wait()
        return max(due_ns, self._clock.monotonic_ns())

    async def _send(self, data: bytes) -> None:
        for stream, scope in list(self._clients.items()):
            with anyio.move_on_after(_STALLED_S) as stalled:
                try:
                    await stream.send(data)
                except _GONE:
                    scope.cancel()
            if stalled.cancelled_caught:
                scope.cancel()

    def _send_away(self) -> None:
        for scope in self._clients.values():
            scope.cancel()
