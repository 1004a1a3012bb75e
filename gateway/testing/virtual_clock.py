"""A Clock whose time passes only when every task waits, so that a day of schedule runs in seconds, exactly."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from heapq import heapify, heappop, heappush

import anyio
from anyio.lowlevel import checkpoint

from gateway.model.schedule import NS_PER_S
from gateway.model.stamp import Stamp


class _Sleeper:
    __slots__ = ("awake", "deadline_ns", "due", "order")

    def __init__(self, deadline_ns: int, order: int) -> None:
        self.deadline_ns = deadline_ns
        self.order = order
        self.due = False
        self.awake: anyio.Event | None = None

    def __lt__(self, other: _Sleeper) -> bool:
        return (self.deadline_ns, self.order) < (other.deadline_ns, other.order)


class VirtualClock:
    """Deterministic time for asyncio and trio.

    Any number of tasks may sleep on it. Once no task can run, time jumps to the earliest deadline and that one task
    goes on; equal deadlines wake in the order in which the sleeps began. Real time, sockets and threads do not hold
    virtual time back, so use it where tasks wait only for this clock and for one another.

    Args:
        start_ns: Monotonic time at the beginning.
        utc: Wall-clock time at the beginning, aware.
    """

    def __init__(self, *, start_ns: int = 0, utc: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._now = start_ns
        self._utc_offset_ns = Stamp.from_utc(utc, 0).unix_us * 1000 - start_ns
        self._sleepers: list[_Sleeper] = []
        self._started = 0
        self._driver: _Sleeper | None = None

    def monotonic_ns(self) -> int:
        """Virtual monotonic time in nanoseconds."""
        return self._now

    def stamp(self) -> Stamp:
        """Virtual monotonic and UTC time."""
        return Stamp(self._now, (self._now + self._utc_offset_ns) // 1000)

    def step_utc(self, seconds: float) -> None:
        """Set the wall clock forwards or back, as an operator or NTP does; monotonic time does not notice."""
        self._utc_offset_ns += round(seconds * NS_PER_S)

    async def sleep(self, seconds: float) -> None:
        """Let virtual time pass for this task."""
        await self.sleep_until(self._now + round(seconds * NS_PER_S))

    async def sleep_until(self, monotonic_ns: int) -> None:
        """Return when virtual time has reached `monotonic_ns`; at least one scheduling point even if it is past."""
        if monotonic_ns <= self._now:
            await checkpoint()
            return
        self._started += 1
        sleeper = _Sleeper(monotonic_ns, self._started)
        heappush(self._sleepers, sleeper)
        try:
            while not sleeper.due:
                if self._driver is None:
                    await self._drive(sleeper)
                else:
                    sleeper.awake = anyio.Event()
                    await sleeper.awake.wait()
        finally:
            if not sleeper.due:
                self._sleepers.remove(sleeper)
                heapify(self._sleepers)
            self._hand_over()

    async def _drive(self, own: _Sleeper) -> None:
        self._driver = own
        try:
            while not own.due:
                await _all_others_wait()
                earliest = heappop(self._sleepers)
                earliest.due = True
                self._now = max(self._now, earliest.deadline_ns)
                if earliest.awake is not None:
                    earliest.awake.set()
        finally:
            self._driver = None

    def _hand_over(self) -> None:
        if self._driver is None and self._sleepers:
            heir = self._sleepers[0].awake
            if heir is not None:
                heir.set()


async def _all_others_wait() -> None:
    try:
        # asyncio has no public way to ask whether other callbacks are ready to run; its own loops have held them in
        # `_ready` since 3.4. anyio's question answers too, but takes 0.1 s of real time on asyncio.
        ready = getattr(asyncio.get_running_loop(), "_ready", None)
    except RuntimeError:
        ready = None
    if ready is None:
        await anyio.wait_all_tasks_blocked()
        return
    await checkpoint()
    while ready:
        await checkpoint()
