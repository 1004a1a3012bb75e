"""A Channel Access client for the bench: libca of EPICS base through aioca, all monitors in one process."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

import aioca  # type: ignore[import-untyped]

from bench.child import answer_marks
from bench.cores import pin
from bench.latency import Latency


async def main(task: dict[str, Any]) -> None:
    if "core" in task:
        pin(task["core"])
    latency = Latency()
    first: set[str] = set()
    complete = asyncio.Event()

    def arrived(value: Any) -> None:  # noqa: ANN401  aioca's augmented float
        seconds, nanoseconds = value.raw_stamp
        latency.arrived(1, seconds * 1_000_000 + nanoseconds // 1000)
        if not complete.is_set():
            first.add(value.name)
            if len(first) == len(task["pvs"]):
                complete.set()

    for pv in task["pvs"]:
        aioca.camonitor(pv, arrived, format=aioca.FORMAT_TIME, all_updates=True)
    await asyncio.wait_for(complete.wait(), 50)
    latency.take()
    cpu = time.process_time()

    def mark() -> dict[str, float]:
        nonlocal cpu
        before, cpu = cpu, time.process_time()
        return {**latency.take(), "cpu_s": cpu - before}

    await answer_marks(mark)


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
