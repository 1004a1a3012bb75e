"""A libca client in a process of its own: reads or monitors PVs and prints JSON, one line per answer.

    python libca_client.py '{"do": "get", "pvs": ["A:I1"]}'
    python libca_client.py '{"do": "monitor", "pvs": ["A:I1", "A:I2"], "count": 20}'

libca takes its EPICS_* settings from the environment when it starts, hence the process. `monitor` prints one event per
line and ends after `count` events.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import aioca


def described(value: Any) -> dict[str, Any]:
    seconds, nanoseconds = value.raw_stamp
    return {
        "pv": value.name,
        "value": float(value) if isinstance(value, float) else int(value) if isinstance(value, int) else str(value),
        "stamp_us": seconds * 1_000_000 + nanoseconds // 1000,
        "below_us_ns": nanoseconds % 1000,
        "status": value.status,
        "severity": value.severity,
    }


async def get(request: dict[str, Any]) -> None:
    names = request["pvs"]
    times = await aioca.caget(names, format=aioca.FORMAT_TIME, timeout=10)
    controls = await aioca.caget(names, format=aioca.FORMAT_CTRL, timeout=10)
    for timed, control in zip(times, controls, strict=True):
        answer = described(timed)
        for field in ("units", "precision", "upper_disp_limit", "lower_disp_limit"):
            answer[field] = getattr(control, field, None)
        print(json.dumps(answer), flush=True)


async def monitor(request: dict[str, Any]) -> None:
    enough = asyncio.Event()
    seen = 0

    def show(value: Any, _index: int) -> None:
        nonlocal seen
        if not value.ok or enough.is_set():
            return
        print(json.dumps(described(value)), flush=True)
        seen += 1
        if seen >= request["count"]:
            enough.set()

    subscriptions = aioca.camonitor(request["pvs"], show, format=aioca.FORMAT_TIME, all_updates=True)
    await asyncio.wait_for(enough.wait(), 60)
    for subscription in subscriptions:
        subscription.close()


async def main() -> None:
    request = json.loads(sys.argv[1])
    await {"get": get, "monitor": monitor}[request["do"]](request)
    aioca.purge_channel_caches()


asyncio.run(main())
