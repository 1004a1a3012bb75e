"""Clients that subscribe once and are then left to themselves, whatever becomes of the server."""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
from asyncua import Client, ua

from gateway.streaming.clock import SystemClock
from tests.clients.libca import LibcaProcess, connected
from tests.system.installation import ANALYSERS, PATIENCE_S, Installation

CA_HEADER = struct.Struct(">HHHHII")


@dataclass
class Seen:
    """Values of one asyncua subscription, by analyser."""

    values: dict[str, list[ua.DataValue]] = field(default_factory=lambda: {name: [] for name in ANALYSERS})
    news: anyio.Event = field(default_factory=anyio.Event)

    def datachange_notification(self, node: Any, _value: object, data: Any) -> None:
        """Called by asyncua."""
        self.values[node.nodeid.Identifier.partition("/")[0]].append(data.monitored_item.Value)
        self.news.set()

    def status_change_notification(self, _status: object) -> None:
        """Called by asyncua when the connection is lost."""

    async def until(self, enough: Callable[[dict[str, list[ua.DataValue]]], bool]) -> None:
        with anyio.fail_after(PATIENCE_S):
            while not enough(self.values):
                self.news = anyio.Event()
                await self.news.wait()


@asynccontextmanager
async def clients(
    installation: Installation, *, auto_reconnect: bool = True
) -> AsyncIterator[tuple[LibcaProcess, Seen]]:
    """libca and asyncua, both with subscriptions, both left to themselves from now on."""
    seen = Seen()
    client = Client(installation.url, auto_reconnect=auto_reconnect, reconnect_max_delay=1.0)
    async with connected(installation.ca_port) as libca, client:
        for name in ANALYSERS:
            await libca.ask("monitor", f"T:{name}:Status:Tick", tag=name, format="TIME")
        subscription = await client.create_subscription(100, seen)
        await subscription.subscribe_data_change([client.get_node(f"ns=2;s={name}/Status/Tick") for name in ANALYSERS])
        yield libca, seen


async def until_fresh(libca: LibcaProcess, seen: Seen) -> None:
    """Wait until both clients have got a good value of every analyser that is newer than all they have now."""
    now_us = SystemClock().stamp().unix_us
    await seen.until(
        lambda values: all(
            data and data[-1].StatusCode.is_good() and data[-1].SourceTimestamp.timestamp() * 1e6 > now_us
            for data in values.values()
        )
    )
    for name in ANALYSERS:
        count = len(await libca.events(name, 1))
        while not (await libca.events(name, count))[-1]["ok"] or libca_us(await libca.events(name, count)) <= now_us:
            count += 1


def libca_us(events: list[dict[str, Any]]) -> int:
    seconds, nanoseconds = events[-1]["raw_stamp"]
    return seconds * 1_000_000 + nanoseconds // 1000


async def browsed(url: str) -> set[str]:
    """Every NodeId of the site."""
    async with Client(url) as client:
        waiting, found = [client.get_node("ns=2;i=1")], set()
        while waiting:
            node = waiting.pop()
            found.add(node.nodeid.to_string())
            waiting.extend(await node.get_children())
    return found


async def found(port: int, pvs: set[str]) -> set[str]:
    """Those of the PVs that a search finds."""
    numbered = dict(enumerate(sorted(pvs)))
    answers: set[str] = set()
    async with await anyio.create_connected_udp_socket("127.0.0.1", port) as searcher:
        for number, pv in numbered.items():
            name = pv.encode() + bytes(8 - len(pv) % 8)
            await searcher.send(CA_HEADER.pack(6, len(name), 5, 13, number, number) + name)
            with anyio.fail_after(PATIENCE_S):
                answer = await searcher.receive()
            answers.add(numbered[CA_HEADER.unpack_from(answer)[5]])
    return answers
