"""pvAccess clients for the bench, by p4p: each has a connection of its own and monitors all PVs.

p4p's usual client drops an event that comes while `monitor` has not returned, and hears of no further ones of that PV
then; with thousands of monitors some always end that way. Its raw client leaves that to us.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

from bench.child import answer_marks
from bench.cores import pin
from bench.latency import Latency

_PATIENCE_S = 50.0


class Monitor:
    """One subscription.

    Args:
        context: The client.
        name: PV name.
        arrived: Takes each value.
    """

    def __init__(self, context: Any, name: str, arrived: Callable[[Any], None]) -> None:  # noqa: ANN401  p4p's Context
        self._arrived = arrived
        self._lock = threading.Lock()
        self._subscription: Any = None
        self._subscription = context.monitor(name, self._wake)
        self._wake()

    def _wake(self) -> None:
        with self._lock:
            while self._subscription is not None and (value := self._subscription.pop()) is not None:
                if not isinstance(value, Exception):
                    self._arrived(value)

    def close(self) -> None:
        """Unsubscribe."""
        self._subscription.close()


async def main(task: dict[str, Any]) -> None:
    if "core" in task:
        pin(task["core"])
    latency = Latency()
    missing = task["clients"] * len(task["names"])
    complete = threading.Event()

    counting = threading.Lock()

    def arrived(value: Any) -> None:  # noqa: ANN401  p4p's Value
        nonlocal missing
        stamp = value["timeStamp"]
        stamp_us = stamp["secondsPastEpoch"] * 1_000_000 + stamp["nanoseconds"] // 1000
        with counting:
            latency.arrived(1, stamp_us)
            missing -= 1
        if not missing:
            complete.set()

    make = import_module("p4p.client.raw").Context
    contexts = [make("pva", conf=task["environment"], useenv=False, nt=False) for _ in range(task["clients"])]
    monitors = [Monitor(context, name, arrived) for context in contexts for name in task["names"]]
    await asyncio.wait_for(asyncio.to_thread(complete.wait), _PATIENCE_S)
    latency.take()
    cpu = time.process_time()

    def mark() -> dict[str, float]:
        nonlocal cpu
        before, cpu = cpu, time.process_time()
        return {**latency.take(), "cpu_s": cpu - before}

    await answer_marks(mark)
    for monitor in monitors:
        monitor.close()


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
