"""node-opcua, which shares no code with the server, gets every element of every block."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest

from gateway.adapters.opcua.adapter import OpcUaAdapter
from gateway.model.points import SiteSpec
from tests.adapters.opcua.arrays import LONGEST, NODES, OTHER, RMS, SHORT, SITE, UNIX_US, WAVE, block, update
from tests.clients.node_client import NodeClient

BLOCKS = 10


@pytest.fixture
def site() -> SiteSpec:
    return SITE


def _told(index: int) -> dict[str, Any]:
    """A block as the client tells of it."""
    return {"length": LONGEST, "sha256": sha256(block(index)).hexdigest()}


async def test_read(url: str, adapter: OpcUaAdapter, node_client: NodeClient) -> None:
    adapter.apply(update(3))
    seen = await node_client.ask(url, "read", ids=[NODES[WAVE], NODES[SHORT]])
    wave, short = seen[NODES[WAVE]], seen[NODES[SHORT]]
    assert (wave["value"], wave["type"], wave["ValueRank"]) == (_told(3), "Double", 1)
    assert short["value"] == [300_000, 300_001, 300_002]
    parts = await node_client.ask(url, "read", ids=[NODES[WAVE], NODES[SHORT]], range="500:502")
    assert parts[NODES[WAVE]]["value"] == [300_500, 300_501, 300_502]
    assert parts[NODES[SHORT]]["status"] == "BadIndexRangeNoData"


async def test_every_block_of_a_subscription(url: str, adapter: OpcUaAdapter, node_client: NodeClient) -> None:
    """Faster than the client takes them: the blocks wait in the queues of its items."""
    adapter.apply(update(0))

    async def play() -> None:
        for index in range(1, BLOCKS + 1):
            adapter.apply(update(index))

    ids = [NODES[WAVE], NODES[RMS], NODES[OTHER]]
    seen = await node_client.subscribe(url, ids, 3 * (BLOCKS + 1), play)
    for node, expected in (
        (NODES[WAVE], [_told(index) for index in range(BLOCKS + 1)]),
        (NODES[RMS], list(range(BLOCKS + 1))),
        (NODES[OTHER], [_told(index + 1000) for index in range(BLOCKS + 1)]),
    ):
        found = [one for one in seen["notifications"] if one["id"] == node]
        assert [one["value"] for one in found] == expected
        assert [one["source_us"] for one in found] == [UNIX_US + 100_000 * index for index in range(BLOCKS + 1)]
