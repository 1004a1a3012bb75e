"""Time of the machine: the monotonic clock for the schedule, UTC in whole microseconds for the stamp."""

from __future__ import annotations

import time

import anyio
from anyio.lowlevel import checkpoint

from gateway.model.schedule import NS_PER_S
from gateway.model.stamp import Stamp

_LONGEST_SLEEP_NS = 3600 * NS_PER_S


class SystemClock:
    """The Clock of production. It never returns from a sleep early, and sleeps of any length are safe."""

    def monotonic_ns(self) -> int:
        """Monotonic time in nanoseconds."""
        return time.monotonic_ns()

    def stamp(self) -> Stamp:
        """Monotonic and UTC time of this instant."""
        return Stamp(time.monotonic_ns(), time.time_ns() // 1000)

    async def sleep_until(self, monotonic_ns: int) -> None:
        """Return when `monotonic_ns` has been reached; at least one scheduling point even if it is past."""
        remaining = monotonic_ns - time.monotonic_ns()
        if remaining <= 0:
            await checkpoint()
        while remaining > 0:
            await anyio.sleep(min(remaining, _LONGEST_SLEEP_NS) / NS_PER_S)
            remaining = monotonic_ns - time.monotonic_ns()
