"""Asks on an absolute schedule, with every tick accounted for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from gateway.daq.summary import AcquisitionSummary
from gateway.model.schedule import Schedule
from gateway.model.stamp import Clock
from gateway.streaming.bounded_stream import BoundedStream

T = TypeVar("T")


class Poller(Generic[T]):
    """The one task that polls.

    Tick n is due at `start + n / rate_hz`. One that is more than a period behind is late and never polled; there is no
    catching up.

    Args:
        ask: One poll; None where nothing shall be delivered.
        rate_hz: Ticks per second.
        stream: Where the answers go.
        summary: Counts.
        clock: Time.
    """

    def __init__(
        self,
        ask: Callable[[], Awaitable[T | None]],
        rate_hz: float,
        *,
        stream: BoundedStream[T],
        summary: AcquisitionSummary,
        clock: Clock,
    ) -> None:
        self._ask = ask
        self._stream = stream
        self._summary = summary
        self._clock = clock
        self._schedule = Schedule.at_rate(clock.monotonic_ns(), rate_hz)

    async def run(self) -> None:
        """Poll until cancelled.

        Raises:
            Exception: What `ask` raises.
        """
        tick = 0
        while True:
            await self._clock.sleep_until(self._schedule.due(tick))
            missed = self._schedule.missed(tick, self._clock.monotonic_ns())
            self._summary.ticks_late += missed
            tick += missed + 1
            payload = await self._ask()
            if payload is not None:
                await self._deliver(payload)

    async def _deliver(self, payload: T) -> None:
        self._summary.produced()
        try:
            await self._stream.wait_for_room()
        except BaseException:
            self._summary.discard(1)
            raise
        self._stream.put_nowait(payload)
