"""One cell of the EPICS table: one server, one load."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from time import monotonic
from typing import Any

import anyio

from bench.child import child
from bench.epics_contenders import CLIENT_CORE, SERVER_CORE, Contender
from bench.gateway_process import channel_access_environment
from bench.usage import cpu_s, memory_mb

_SETTLE_S = 1.0


@dataclass(frozen=True, slots=True)
class Load:
    """What a server has to do.

    Attributes:
        devices: Analysers, whose ticks are spread over the period.
        points: Points of each, all new on every tick.
        rate_hz: Ticks of each analyser per second.
        clients: Clients that monitor everything.
    """

    devices: int
    points: int
    rate_hz: float
    clients: int


@dataclass(frozen=True, slots=True)
class Cell:
    """What a server did; medians over the windows.

    Attributes:
        cpu_us: CPU of the server per update, user and system, all threads.
        updates_s: Updates per second.
        delivered: Share of the updates that reached each client; 0 without one.
        p50_ms: Median time from stamp to client.
        p99_ms: 99th percentile of it.
        client_busy: Share of a core that all clients used.
    """

    cpu_us: float
    updates_s: float
    delivered: float
    p50_ms: float
    p99_ms: float
    client_busy: float


@dataclass(frozen=True, slots=True)
class Start:
    """How a server began.

    Attributes:
        start_s: Time from starting the process until it serves.
        memory_mb: Resident memory then.
    """

    start_s: float
    memory_mb: float


def _task(contender: Contender, load: Load) -> dict[str, Any]:
    return {
        "engine": contender.engine,
        "devices": load.devices,
        "points": load.points,
        "rate_hz": load.rate_hz,
        "core": SERVER_CORE,
    }


async def start(contender: Contender, load: Load) -> Start:
    """Start a server, and look at it before anything happens.

    Raises:
        RuntimeError: It ended or did not answer.
    """
    begin = monotonic()
    async with child("bench.publisher", _task(contender, load)) as server:
        return Start(monotonic() - begin, memory_mb(server.pid))


async def measure(contender: Contender, load: Load, windows: int, window_s: float) -> Cell:
    """Put a load on one server and watch it for a number of windows.

    Raises:
        RuntimeError: A process ended or did not answer.
    """
    async with AsyncExitStack() as processes:
        server = await processes.enter_async_context(child("bench.publisher", _task(contender, load)))
        clients = []
        if load.clients:
            asked = {**server.ready, "core": CLIENT_CORE, "clients": load.clients}
            found_by = channel_access_environment(server.ready["port"]) if "port" in server.ready else {}
            clients.append(await processes.enter_async_context(child(contender.client, asked, found_by)))
        await server.mark()
        await anyio.sleep(min(_SETTLE_S, window_s))
        for process in (server, *clients):
            await process.mark()
        used, since = cpu_s(server.pid), monotonic()
        results = []
        for _ in range(windows):
            await anyio.sleep(window_s)
            wrote = await server.mark()
            before, begin, used, since = used, since, cpu_s(server.pid), monotonic()
            seen = [await client.mark() for client in clients]
            results.append(_window(wrote["values"], used - before, since - begin, load.clients, seen))
    return Cell(*map(statistics.median, zip(*results, strict=True)))


def _window(
    updates: float, cpu: float, seconds: float, clients: int, seen: Sequence[Mapping[str, Any]]
) -> tuple[float, float, float, float, float, float]:
    updates = max(1.0, updates)
    heard = seen[0] if seen else {"events": 0.0, "p50_ms": 0.0, "p99_ms": 0.0, "cpu_s": 0.0}
    delivered = heard["events"] / updates / max(1, clients)
    return 1e6 * cpu / updates, updates / seconds, delivered, heard["p50_ms"], heard["p99_ms"], heard["cpu_s"] / seconds
