"""Connections that break while values come: node-opcua finds its way back, and has seen every one of them.

`RECONNECTS=1000 pytest tests/conformance/test_reconnect.py` does it a thousand times.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from gateway.adapters.opcua.adapter import OpcUaAdapter
from gateway.adapters.opcua.settings import AnonymousAccess, OpcUaSettings, PolicyName, SecuritySettings
from gateway.model.meaning import CompanionModel
from tests.clients.node_client import NODE_FOLDER, NodeClient
from tests.conformance.analysers import PlayedAnalyser, played, site_of
from tests.conformance.tcp_proxy import tcp_proxy
from tests.serving import serving

RECONNECTS = int(os.environ.get("RECONNECTS", "30"))
BURST = 5
"""Ticks around each break; with those of the outage fewer than a queue holds."""

PATIENCE_S = 30.0
LONGEST_LINE = 10_000
TICK = "Status/Tick"

pytestmark = pytest.mark.timeout(60 + 5 * RECONNECTS)


@dataclass
class Witness:
    """What node-opcua has seen so far.

    Attributes:
        values: Of the counter, in the order in which they came.
        reconnections: How often it has come back.
        recreated: How often it had to begin a new subscription.
        overflows: Values with the overflow bit.
    """

    values: list[int] = field(default_factory=list)
    reconnections: int = 0
    recreated: int = 0
    overflows: int = 0
    _news: anyio.Event = field(default_factory=anyio.Event)

    async def listen(self, process: Process) -> None:
        """Take lines until the process ends."""
        assert process.stdout is not None
        lines = BufferedByteReceiveStream(process.stdout)
        while True:
            try:
                line: dict[str, Any] = json.loads(await lines.receive_until(b"\n", LONGEST_LINE))
            except (anyio.IncompleteRead, anyio.EndOfStream):
                return
            if "value" in line:
                self.values.append(line["value"])
                self.overflows += line["overflow"]
            self.reconnections = line.get("connections", self.reconnections)
            self.recreated += "recreated" in line
            self._news.set()

    async def until(self, value: int) -> None:
        """Wait until it has seen this value."""
        with anyio.fail_after(PATIENCE_S):
            while not self.values or self.values[-1] < value:
                self._news = anyio.Event()
                await self._news.wait()


@asynccontextmanager
async def watching(url: str, node: str, home: Path) -> AsyncIterator[Witness]:
    """node-opcua with its eye on one node."""
    command = ["node", str(NODE_FOLDER / "reconnect.js"), json.dumps({"url": url, "node": node})]
    environment = {**os.environ, "HOME": str(home), "XDG_CONFIG_HOME": str(home)}
    witness = Witness()
    async with await anyio.open_process(command, env=environment, stderr=subprocess.DEVNULL) as process:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(witness.listen, process)
            try:
                yield witness
            finally:
                process.kill()
                tasks.cancel_scope.cancel()


async def test_no_value_is_lost_when_connections_break(
    node_client: NodeClient,  # noqa: ARG001  installs the library
    tmp_path: Path,
) -> None:
    site = site_of({"stack": CompanionModel.PLAIN})
    security = SecuritySettings(policies=(PolicyName.NONE,))
    settings = OpcUaSettings(host="127.0.0.1", port=0, security=security, anonymous=AnonymousAccess.OBSERVER)
    adapter = OpcUaAdapter(site, settings)
    analyser = played(adapter, site)["stack"]
    noise, ticks, began = random.Random(7), count(1), time.monotonic()

    async def play(analyser: PlayedAnalyser) -> int:
        last = 0
        for _ in range(BURST):
            last = next(ticks)
            await analyser.play([{TICK: (last, "good")}], noise.choice((0.0, 0.003, 0.02)))
        return last

    async with serving(adapter) as url, tcp_proxy(url) as proxy:
        async with watching(proxy.url, f"ns=2;s=stack/{TICK}", tmp_path) as witness:
            await witness.until(0)
            for _ in range(RECONNECTS):
                await play(analyser)
                assert await proxy.abort() >= 1
                await witness.until(await play(analyser))
            seen, last = witness.values, next(ticks) - 1
    print(
        f"{RECONNECTS} breaks, {last} values, {witness.reconnections} reconnections, {time.monotonic() - began:.1f} s"
    )
    assert seen == list(range(last + 1))
    assert (witness.recreated, witness.overflows) == (0, 0)
    assert witness.reconnections >= RECONNECTS - 1
