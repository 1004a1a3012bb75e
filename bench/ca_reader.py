"""Reads PVs with libca once and prints one JSON line, name to value."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import aioca  # type: ignore[import-untyped]


async def main(task: dict[str, Any]) -> None:
    values = await aioca.caget(task["pvs"], timeout=30)
    print(json.dumps({value.name: float(value) for value in values}), flush=True)
    aioca.purge_channel_caches()


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
