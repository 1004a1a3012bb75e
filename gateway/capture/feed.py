"""Events of a wire on their way to whoever writes them down; a slow writer loses some and never delays the wire."""

from __future__ import annotations

import anyio

from gateway.capture.events import CapturedEvent, EventKind, captured
from gateway.model.stamp import Clock, Stamp
from gateway.wire.tap import WireEvent

MOST_BYTES_WAITING = 512 * 1024
_COST_OF_AN_EVENT = 200


class CaptureFeed:
    """Takes events from a tap at once and hands them out when asked, in bounded memory.

    What does not fit is counted; `EventKind.LOST` takes its place, once per gap.

    Args:
        clock: Time; the capture begins now.
        most_bytes: Bound of what may wait, counted with the cost of keeping each event.
    """

    def __init__(self, clock: Clock, most_bytes: int = MOST_BYTES_WAITING) -> None:
        self.started: Stamp = clock.stamp()
        self._clock = clock
        self._most_bytes = most_bytes
        self._waiting: list[WireEvent] = []
        self._bytes = 0
        self._lost = 0
        self._news = anyio.Event()

    def take(self, event: WireEvent) -> None:
        """A `wire.tap.Listener`."""
        cost = len(event.data) + _COST_OF_AN_EVENT
        if self._lost or self._bytes + cost > self._most_bytes:
            self._lost += 1
        else:
            self._bytes += cost
            self._waiting.append(event)
        self._news.set()

    async def next(self) -> list[CapturedEvent]:
        """What has been seen since the last call; waits until there is something."""
        await self._news.wait()
        self._news = anyio.Event()
        events = [captured(event, self.started) for event in self._waiting]
        if self._lost:
            now = self._clock.stamp()
            offset_us = (now.monotonic_ns - self.started.monotonic_ns) // 1000
            events.append(CapturedEvent(EventKind.LOST, now.unix_us, offset_us, lost=self._lost))
        self._waiting, self._bytes, self._lost = [], 0, 0
        return events
