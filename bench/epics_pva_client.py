"""pvAccess clients for the bench, by p4p: each has a connection of its own and monitors all PVs."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from importlib import import_module
from typing import Any

from bench.child import answer_marks
from bench.cores import pin
from bench.latency import Latency

_PATIENCE_S = 50.0


async def main(task: dict[str, Any]) -> None:
    if "core" in task:
        pin(task["core"])
    latency = Latency()
    missing = task["clients"] * len(task["names"])
    complete = threading.Event()

    def arrived(value: Any) -> None:  # noqa: ANN401  p4p's Value
        nonlocal missing
        stamp = value["timeStamp"]
        latency.arrived(1, stamp["secondsPastEpoch"] * 1_000_000 + stamp["nanoseconds"] // 1000)
        missing -= 1
        if not missing:
            complete.set()

    make = import_module("p4p.client.thread").Context
    contexts = [make("pva", conf=task["environment"], useenv=False, nt=False) for _ in range(task["clients"])]
    subscriptions = [context.monitor(name, arrived) for context in contexts for name in task["names"]]
    await asyncio.wait_for(asyncio.to_thread(complete.wait), _PATIENCE_S)
    latency.take()
    cpu = time.process_time()

    def mark() -> dict[str, float]:
        nonlocal cpu
        before, cpu = cpu, time.process_time()
        return {**latency.take(), "cpu_s": cpu - before}

    await answer_marks(mark)
    for subscription in subscriptions:
        subscription.close()


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
