"""Time for tasks and for one device's thread, which passes only when a test says so."""

from __future__ import annotations

import threading
import time

import anyio
from anyio.lowlevel import checkpoint

from gateway.model.stamp import Stamp
from gateway.testing.virtual_clock import _all_others_wait

START_NS = 1_000_000_000
UTC_OFFSET_NS = 1_767_225_600_000_000_000  # the machine's clock is at 2026-01-01 when the monotonic one is at 0


class ManualClock:
    """Clock and ThreadClock in one."""

    def __init__(self) -> None:
        self._now = START_NS
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._deadline: int | None = None
        self._sleepers: list[tuple[int, anyio.Event]] = []

    def monotonic_ns(self) -> int:
        return self._now

    def stamp(self) -> Stamp:
        return Stamp(self._now, (self._now + UTC_OFFSET_NS) // 1000)

    async def sleep_until(self, monotonic_ns: int) -> None:
        if monotonic_ns <= self._now:
            await checkpoint()
            return
        sleeper = (monotonic_ns, anyio.Event())
        self._sleepers.append(sleeper)
        try:
            await sleeper[1].wait()
        finally:
            self._sleepers.remove(sleeper)

    def wait_until(self, monotonic_ns: int, stop: threading.Event) -> bool:
        with self._changed:
            self._thread, self._deadline = threading.current_thread(), monotonic_ns
            self._changed.notify_all()
            while self._now < monotonic_ns:
                if stop.is_set():
                    return False
                self._changed.wait(0.005)
            self._deadline = None
        return not stop.is_set()

    async def advance(self, milliseconds: float, *, device_stands: bool = False) -> None:
        """Let time pass in one jump; returns when the device's thread waits again or has ended, and tasks have run.

        Args:
            milliseconds: How far.
            device_stands: The device's thread waits for something else than time.
        """
        await anyio.to_thread.run_sync(self._advance, round(milliseconds * 1e6), not device_stands)
        for deadline, awake in self._sleepers:
            if deadline <= self._now:
                awake.set()
        await _all_others_wait()

    def _advance(self, nanoseconds: int, settles: bool) -> None:
        with self._changed:
            if settles:
                self._settle()
            self._now += nanoseconds
            self._changed.notify_all()
            if settles:
                self._settle()

    def _settle(self) -> None:
        gives_up = time.monotonic() + 10
        while self._deadline is None or self._deadline <= self._now:
            if self._thread is not None and not self._thread.is_alive():
                return
            assert time.monotonic() < gives_up, "the device's thread waits for something else than time"
            self._changed.wait(0.005)
