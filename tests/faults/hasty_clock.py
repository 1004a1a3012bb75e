"""A clock for loops of thousands of outages: schedules and pauses pass quickly, ports and sockets are as they are."""

from __future__ import annotations

import time

import anyio

from gateway.model.stamp import Stamp


class HastyClock:
    """Time of the machine, several times as fast; a `Clock`.

    Args:
        factor: Seconds of this clock per second of the machine.
    """

    def __init__(self, factor: int) -> None:
        self._factor = factor
        self._started_ns = time.monotonic_ns()
        self._started_us = time.time_ns() // 1000

    def monotonic_ns(self) -> int:
        """See `Clock`."""
        return self._started_ns + self._passed_ns()

    def stamp(self) -> Stamp:
        """See `Clock`."""
        passed_ns = self._passed_ns()
        return Stamp(self._started_ns + passed_ns, self._started_us + passed_ns // 1000)

    async def sleep_until(self, monotonic_ns: int) -> None:
        """See `Clock`."""
        await anyio.lowlevel.checkpoint()
        remaining_ns = monotonic_ns - self.monotonic_ns()
        while remaining_ns > 0:
            await anyio.sleep(remaining_ns / self._factor / 1e9)
            remaining_ns = monotonic_ns - self.monotonic_ns()

    def _passed_ns(self) -> int:
        return (time.monotonic_ns() - self._started_ns) * self._factor
