"""One cell of the OPC UA table: one server, one rate, one number of clients."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import anyio

from bench.child import child
from bench.opcua_contenders import CLIENT_CORE, Contender
from bench.usage import cpu_s, memory_mb

INTERVAL_MS = 100
"""Publishing interval that clients ask for, and sampling interval, for the servers that sample."""

_SETTLE_S = 1.0


@dataclass(frozen=True, slots=True)
class Load:
    """What a server has to do.

    Attributes:
        devices: Analysers.
        points: Points of each, all new on every tick.
        rate_hz: Ticks of each analyser per second.
        clients: Clients that subscribe to everything.
    """

    devices: int
    points: int
    rate_hz: float
    clients: int


@dataclass(frozen=True, slots=True)
class Cell:
    """What a server did; medians over the windows.

    Attributes:
        cpu_us: CPU of the server per change, user and system.
        changes_s: Changes per second.
        delivered: Share of the changes that reached each client.
        p50_ms: Median time from stamp to client.
        p99_ms: 99th percentile of it.
        client_busy: Share of a core that all clients used.
        start_s: Time from starting the process until it serves.
        memory_mb: Resident memory at the end.
    """

    cpu_us: float
    changes_s: float
    delivered: float
    p50_ms: float
    p99_ms: float
    client_busy: float
    start_s: float
    memory_mb: float


async def measure(contender: Contender, load: Load, folder: Path, windows: int, window_s: float) -> Cell:
    """Put a load on one server and watch it for a number of windows.

    Raises:
        RuntimeError: A process ended or did not answer.
    """
    task = {"devices": load.devices, "points": load.points, "rate_hz": load.rate_hz}
    async with AsyncExitStack() as processes:
        begin = monotonic()
        server = await processes.enter_async_context(contender.start(task, folder))
        start_s = monotonic() - begin
        clients = []
        if load.clients:
            asked: Mapping[str, Any] = {
                "core": CLIENT_CORE,
                "interval_ms": INTERVAL_MS,
                "sampling_ms": INTERVAL_MS,
                "sessions": load.clients,
                "url": server.ready["url"],
                "ids": server.ready["names"],
                **({"keys": str(folder)} if contender.encrypted else {}),
            }
            clients.append(await processes.enter_async_context(child("bench.opcua_client", asked)))
        results = []
        await server.mark()
        await anyio.sleep(min(_SETTLE_S, window_s))
        for process in (server, *clients):
            await process.mark()
        used, since = cpu_s(server.pid), monotonic()
        for _ in range(windows):
            await anyio.sleep(window_s)
            wrote = await server.mark()
            before, begin, used, since = used, since, cpu_s(server.pid), monotonic()
            seen = [await client.mark() for client in clients]
            results.append(_window(wrote["values"], used - before, since - begin, load.clients, seen))
        cpu_us, changes_s, delivered, p50_ms, p99_ms, busy = map(statistics.median, zip(*results, strict=True))
        return Cell(cpu_us, changes_s, delivered, p50_ms, p99_ms, busy, start_s, memory_mb(server.pid))


def _window(
    changes: float, cpu: float, seconds: float, clients: int, seen: list[dict[str, Any]]
) -> tuple[float, float, float, float, float, float]:
    changes = max(1.0, changes)
    heard = seen[0] if seen else {"events": 0.0, "p50_ms": 0.0, "p99_ms": 0.0, "cpu_s": 0.0}
    delivered = heard["events"] / changes / max(1, clients)
    return 1e6 * cpu / changes, changes / seconds, delivered, heard["p50_ms"], heard["p99_ms"], heard["cpu_s"] / seconds
