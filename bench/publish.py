"""CPU per value of the northbound servers, ours beside the stock ones, and time from the wire to a client."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio

from bench.child import child
from bench.cores import load_average
from bench.gateway_process import channel_access_environment, gateway
from bench.served_names import served_names
from bench.table import Cell, print_table

SERVER_CORE, CLIENT_CORE = 0, 1
INTERVAL_MS = 50
"""Publishing interval of the OPC UA subscriptions."""

SETTLE_S = 2.0
PROTOCOLS = {"opcua": "OPC UA", "ca": "Channel Access"}


@dataclass(frozen=True, slots=True)
class Load:
    """What a server has to do.

    Attributes:
        devices: Analysers.
        points: Points of each, all new on every tick.
        rate_hz: Ticks of each analyser per second.
        clients: Client processes that subscribe to everything.
    """

    devices: int
    points: int
    rate_hz: float
    clients: int


LOADS = (
    Load(20, 50, 1, 1),
    Load(20, 50, 10, 0),
    Load(20, 50, 10, 1),
    Load(20, 50, 10, 5),
)


@dataclass(frozen=True, slots=True)
class Result:
    """What one server did with a load; medians over the windows.

    Attributes:
        cpu_us: CPU of the server per value written, user and system.
        values_s: Values written per second.
        delivered: Share of the values that reached each client; 0 without one.
        p50_ms: Median time from stamp to client.
        p99_ms: 99th percentile of it.
        client_busy: Share of a core that each client used.
    """

    cpu_us: float
    values_s: float
    delivered: float
    p50_ms: float
    p99_ms: float
    client_busy: float


async def measure(engine: str, load: Load, windows: int, window_s: float) -> Result:
    """Put a load on one server and watch it for a number of windows."""
    async with AsyncExitStack() as processes:
        task = {"engine": engine, "devices": load.devices, "points": load.points, "rate_hz": load.rate_hz}
        server = await processes.enter_async_context(child("bench.publisher", {**task, "core": SERVER_CORE}))
        clients = [
            await processes.enter_async_context(
                child("bench.opcua_client", {**asked, "url": server.ready["url"], "ids": names})
                if "url" in server.ready
                else child("bench.ca_client", {**asked, "pvs": names}, channel_access_environment(server.ready["port"]))
            )
            for asked, names in [({"core": CLIENT_CORE, "interval_ms": INTERVAL_MS}, server.ready["names"])]
            * load.clients
        ]
        await server.mark()
        await anyio.sleep(min(SETTLE_S, window_s))
        results = []
        for process in (server, *clients):
            await process.mark()
        for _ in range(windows):
            await anyio.sleep(window_s)
            wrote = await server.mark()
            results.append(_result(wrote, [await client.mark() for client in clients]))
    return Result(*(statistics.median(getattr(each, field) for each in results) for field in Result.__slots__))


def _result(wrote: dict[str, float], seen: Sequence[dict[str, float]]) -> Result:
    values = max(1.0, wrote["values"])
    return Result(
        cpu_us=1e6 * wrote["cpu_s"] / values,
        values_s=wrote["values"] / wrote["seconds"],
        delivered=statistics.mean(each["events"] for each in seen) / values if seen else 0.0,
        p50_ms=statistics.median(each["p50_ms"] for each in seen) if seen else 0.0,
        p99_ms=max(each["p99_ms"] for each in seen) if seen else 0.0,
        client_busy=statistics.mean(each["cpu_s"] for each in seen) / wrote["seconds"] if seen else 0.0,
    )


def _rows(protocol: str, load: Load, ours: Result, stock: Result | None) -> list[list[Cell]]:
    title = f"{protocol}, {load.devices} x {load.points} at {load.rate_hz:g} Hz, {load.clients} cl."
    rows: list[list[Cell]] = []
    for name, result in ((title + ", ours", ours), (title + ", stock", stock)):
        if result is None:
            rows.append([name, "failed", *[""] * 6])
            continue
        heard: list[Cell] = (
            [f"{result.delivered:.0%}", result.p50_ms, result.p99_ms, f"{result.client_busy:.0%}"]
            if load.clients
            else [""] * 4
        )
        rows.append([name, result.values_s, result.cpu_us, *heard, ""])
    if stock is not None:
        rows[0][-1] = f"{ours.cpu_us / stock.cpu_us:.3f}"
    return rows


async def cpu_per_value(
    loads: Sequence[Load] = LOADS, windows: int = 3, window_s: float = 2.0
) -> dict[tuple[str, Load], tuple[Result, Result | None]]:
    """Measure every load on both protocols, print the table, and return ours and stock of each."""
    results: dict[tuple[str, Load], tuple[Result, Result | None]] = {}
    stock: Result | None
    for key, protocol in PROTOCOLS.items():
        for load in loads:
            ours = await measure(f"ours-{key}", load, windows, window_s)
            try:
                stock = await measure(f"stock-{key}", load, windows, window_s)
            except RuntimeError:  # it ended, or its clients lost it: a finding, not a reason to stop
                stock = None
            results[protocol, load] = ours, stock
    print_table(
        f"Northbound servers: CPU per value written; median of {windows} windows of {window_s:g} s; "
        f"OPC UA publishing interval {INTERVAL_MS} ms; load average {load_average():.2f}",
        ["server and load", "values/s", "CPU us/value", "delivered", "p50 ms", "p99 ms", "client busy", "ours/stock"],
        [row for (protocol, load), pair in results.items() for row in _rows(protocol, load, *pair)],
    )
    return results


async def wire_to_client(analysers: int = 4, rate_hz: float = 10.0, seconds: float = 10.0) -> list[list[Cell]]:
    """Time from the last byte on the wire to a client, through a whole gateway; prints and returns the table."""
    addresses = list(range(1, analysers + 1))
    line = {"name": "tcp", "protocol": "modbus-tcp", "addresses": addresses}
    rows: list[list[Cell]] = []
    async with AsyncExitStack() as processes:
        folder = Path(processes.enter_context(tempfile.TemporaryDirectory()))
        simulator = await processes.enter_async_context(
            child("bench.simulator_process", {"lines": [line], "core": CLIENT_CORE})
        )
        bus = {
            "link": f"socket://{simulator.ready['endpoints']['tcp']}",
            "protocol": "modbus-tcp",
            "idle_gap_ms": 0,
            "turnaround_ms": 1,
        }
        slots = ("I1", "I2", "I3", "I4", "D1", "D2")
        entries: dict[str, Any] = {
            f"a{address}": {
                "driver": "servomex4100",
                "bus": "tcp",
                "address": address,
                "rate_hz": rate_hz,
                "channels": {slot: {"unit": "%"} for slot in slots},
            }
            for address in addresses
        }
        running = await processes.enter_async_context(gateway(folder, {"tcp": bus}, entries, SERVER_CORE))
        wanted = [(device, slot, "Value") for device in entries for slot in slots]
        nodes, pvs = (served_names(running.settings, adapter) for adapter in ("opcua", "epics_ca"))
        asked = {"core": CLIENT_CORE, "interval_ms": INTERVAL_MS}
        url = running.opcua_url
        clients = {
            f"OPC UA, publishing interval {INTERVAL_MS} ms": await processes.enter_async_context(
                child("bench.opcua_client", {**asked, "url": url, "ids": [nodes[point] for point in wanted]})
            ),
            "Channel Access, libca": await processes.enter_async_context(
                child("bench.ca_client", {**asked, "pvs": [pvs[point] for point in wanted]}, running.ca_environment)
            ),
        }
        await anyio.sleep(min(SETTLE_S, seconds))
        for client in clients.values():
            await client.mark()
        begin_cpu = running.cpu_s()
        await anyio.sleep(seconds)
        used = running.cpu_s() - begin_cpu
        for name, client in clients.items():
            seen = await client.mark()
            rows.append([name, seen["events"] / seconds, seen["p50_ms"], seen["p99_ms"]])
    print_table(
        f"Wire to client: {analysers} analysers x {len(slots)} values at {rate_hz:g} Hz over Modbus TCP, whole gateway "
        f"process ({100 * used / seconds:.0f} % of a core); load average {load_average():.2f}",
        ["client", "values/s", "p50 ms", "p99 ms"],
        rows,
    )
    return rows


async def publish() -> None:
    """Both tables."""
    await cpu_per_value()
    await wire_to_client()
