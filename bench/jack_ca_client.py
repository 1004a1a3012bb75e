"""Follows waveform PVs with libca, sample by sample; puts what it is told to once it hears them."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from typing import Any

import aioca  # type: ignore[import-untyped]
import numpy as np

from bench.child import answer_marks
from bench.sample_numbers import SampleNumbers


async def main(task: dict[str, Any]) -> None:
    """Follow `pvs`, then put each of `puts`, pairs of PV and value, and answer marks."""
    seen = {pv: SampleNumbers() for pv in task["pvs"]}

    def follow(pv: str) -> Callable[[object], None]:
        return lambda array: seen[pv].take(np.asarray(array, np.float64))

    for pv in seen:
        aioca.camonitor(pv, follow(pv), all_updates=True)
    async with asyncio.timeout(30):
        while not all(one.arrays for one in seen.values()):  # noqa: ASYNC110  of what has no event
            await asyncio.sleep(0.05)
    for pv, value in task["puts"]:
        await aioca.caput(pv, value, wait=True, timeout=20)
    await answer_marks(lambda: {pv: one.counts() for pv, one in seen.items()})


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
