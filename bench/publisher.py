"""One server under load in a process of its own; every `mark` tells values written and CPU since the last one.

The first mark starts the writing: caproto 1.3.0 ends with "deque mutated during iteration" when clients subscribe to
PVs that are being written fast.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import anyio

from bench.child import answer_marks
from bench.cores import pin
from bench.engines import ENGINES, Engine
from gateway.streaming.clock import SystemClock


class Source:
    """Ticks of all analysers, spread over the period; what the server cannot take in time is skipped and counted."""

    def __init__(self, engine: Engine, devices: int, points: int, rate_hz: float) -> None:
        self.ticks = self.skipped = 0
        self._engine = engine
        self._devices = devices
        self._points = points
        self._step_ns = round(1e9 / rate_hz / devices)

    async def run(self) -> None:
        """Write until cancelled."""
        clock = SystemClock()
        slot, begin_ns = 0, clock.monotonic_ns()
        while True:
            value = float(slot)
            values = [value + number for number in range(self._points)]
            await self._engine.tick(slot % self._devices, values, clock.stamp())
            self.ticks += 1
            slot += 1
            missed = max(0, (clock.monotonic_ns() - begin_ns) // self._step_ns - slot)
            if missed > self._devices:
                self.skipped += missed
                slot += missed
            await clock.sleep_until(begin_ns + slot * self._step_ns)


async def main(task: dict[str, Any]) -> None:
    if "core" in task:
        pin(task["core"])
    engine = ENGINES[task["engine"]](task["devices"], task["points"], **task.get("settings", {}))
    source = Source(engine, task["devices"], task["points"], task["rate_hz"])
    begin = (time.monotonic(), time.process_time())
    writing = False

    def mark() -> dict[str, float]:
        nonlocal begin, writing
        if not writing:
            tasks.start_soon(source.run)
            writing = True
        now = (time.monotonic(), time.process_time())
        seconds, cpu_s = now[0] - begin[0], now[1] - begin[1]
        taken = {"seconds": seconds, "cpu_s": cpu_s, "values": source.ticks * task["points"], "skipped": source.skipped}
        source.ticks = source.skipped = 0
        begin = now
        return taken

    async with anyio.create_task_group() as tasks:
        with anyio.fail_after(30):
            ready = await engine.start(tasks)
        await answer_marks(mark, **ready)
        tasks.cancel_scope.cancel()


if __name__ == "__main__":
    anyio.run(main, json.loads(sys.argv[1]))
