"""Follows waveform variables over OPC UA, sample by sample."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import numpy as np
from asyncua import ua
from asyncua.client.client import Client
from asyncua.common.node import Node
from asyncua.common.subscription import DataChangeNotif

from bench.child import answer_marks
from bench.sample_numbers import SampleNumbers

PUBLISHING_MS = 100
QUEUE = 100
"""Arrays that the server may keep for this client, 10 s of them."""


class _Follower:
    def __init__(self, seen: dict[str, SampleNumbers]) -> None:
        self._seen = seen

    def datachange_notification(self, node: Node, value: object, data: DataChangeNotif) -> None:
        if data.monitored_item.Value.StatusCode.is_good():  # a last usable value comes again, and says so
            self._seen[node.nodeid.to_string()].take(np.asarray(value, np.float64))


async def main(task: dict[str, Any]) -> None:
    """Follow the variables `ids` of the server at `url`, and answer marks."""
    seen = {identifier: SampleNumbers() for identifier in task["ids"]}
    async with Client(task["url"], timeout=30) as client:
        subscription = await client.create_subscription(PUBLISHING_MS, _Follower(seen))
        nodes = [client.get_node(identifier) for identifier in seen]
        await subscription.subscribe_data_change(nodes, queuesize=QUEUE, sampling_interval=ua.Duration(0))
        async with asyncio.timeout(30):
            while not all(one.arrays for one in seen.values()):  # noqa: ASYNC110  of what has no event
                await asyncio.sleep(0.05)
        await answer_marks(lambda: {identifier: one.counts() for identifier, one in seen.items()})


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
