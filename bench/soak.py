"""Soak: 12 analysers on 4 paced serial lines through a whole gateway process, with a client on either protocol."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anyio

from bench.child import ROOT, child
from bench.cores import load_average
from bench.gateway_process import RunningGateway, gateway
from bench.served_names import served_names
from bench.table import print_table
from gateway.model.diagnostics import COUNTERS
from gateway.settings.load import check_settings
from gateway.settings.time_budget import budget_table

LINES = 4
ANALYSERS_PER_LINE = 3
RATE_HZ = 0.85
BAUDRATE = 19200
IDLE_GAP_S = 0.05
TURNAROUND_S = 0.025
_WARM_UP_S = 5.0
_READS = 5
"""The counters are read PV by PV, so a read may fall into the middle of an update; then it is repeated."""

_SHOWN = {
    "scheduled": "scheduled",
    "samples_emitted": "emitted",
    "samples_dropped": "dropped",
    "samples_late": "late",
    "errors": "errors",
    "reconnects": "reconnects",
    "drift_ms_p99": "drift p99 ms",
    "max_drift_ms": "max drift ms",
    "tick_duration_ms_p50": "poll p50 ms",
    "tick_duration_ms_p99": "poll p99 ms",
}

Counts = Mapping[str, Mapping[str, float]]


def simulated_lines(folder: Path, lines: int) -> list[dict[str, Any]]:
    """Lines of the simulator, each with as many instruments as analysers share it."""
    return [
        {
            "name": f"line{number}",
            "path": str(folder / f"line{number}"),
            "protocol": "modbus-rtu",
            "addresses": list(range(1, ANALYSERS_PER_LINE + 1)),
            "baudrate": BAUDRATE,
            "turnaround_s": TURNAROUND_S,
            "idle_gap_s": IDLE_GAP_S,
        }
        for number in range(1, lines + 1)
    ]


def gateway_sections(folder: Path, lines: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """`buses` and `analysers` of the gateway's settings."""
    buses: dict[str, Any] = {}
    analysers: dict[str, Any] = {}
    for number in range(1, lines + 1):
        buses[f"line{number}"] = {
            "link": str(folder / f"line{number}"),
            "protocol": "modbus-rtu",
            "baudrate": BAUDRATE,
            "idle_gap_ms": 1000 * IDLE_GAP_S,
            "turnaround_ms": 1000 * TURNAROUND_S,
        }
        for address in range(1, ANALYSERS_PER_LINE + 1):
            analysers[f"line{number}a{address}"] = {
                "driver": "servomex4100",
                "bus": f"line{number}",
                "address": address,
                "rate_hz": RATE_HZ,
                "channels": {slot: {"unit": "%"} for slot in ("I1", "I2", "I3", "I4", "D1", "D2")},
            }
    return buses, analysers


async def read_counters(running: RunningGateway) -> Counts:
    """Every counter of every analyser as libca reads it; repeated until it fell into no update."""
    names = served_names(running.settings, "epics_ca")
    wanted = {
        (device, counter.attribute): names[device, *counter.point.path]
        for device in running.settings.analysers
        for counter in COUNTERS
    }
    counts: dict[str, dict[str, float]] = {}
    for _ in range(_READS):
        done = await anyio.run_process(
            [sys.executable, "-m", "bench.ca_reader", json.dumps({"pvs": list(wanted.values())})],
            env={**os.environ, **running.ca_environment},
            stderr=None,
            cwd=ROOT,
        )
        values: dict[str, float] = json.loads(done.stdout)
        counts = {device: {} for device in running.settings.analysers}
        for (device, attribute), pv in wanted.items():
            counts[device][attribute] = values[pv]
        if all(map(balanced, counts.values())):
            break
    return counts


def balanced(count: Mapping[str, float]) -> bool:
    """Whether every slot of the schedule is accounted for."""
    return count["scheduled"] == count["samples_emitted"] + count["samples_dropped"] + count["samples_late"]


async def soak(minutes: float, lines: int = LINES) -> bool:
    """Run it, print what came of it, and tell whether every promise was kept."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with (
            child("bench.simulator_process", {"lines": simulated_lines(folder, lines)}) as simulator,
            gateway(folder, *gateway_sections(folder, lines)) as running,
        ):
            print(budget_table(check_settings(running.settings).budgets) + "\n", flush=True)
            nodes = list(served_names(running.settings, "opcua").values())
            pvs = list(served_names(running.settings, "epics_ca").values())
            async with (
                child("bench.ca_client", {"pvs": pvs}, running.ca_environment) as libca,
                child("bench.opcua_client", {"url": running.opcua_url, "ids": nodes, "interval_ms": 500}) as opcua,
            ):
                await anyio.sleep(min(_WARM_UP_S, 10 * minutes))
                for process in (simulator, libca, opcua):
                    await process.mark()
                begin_s, begin_cpu, begin_mb = time.monotonic(), running.cpu_s(), running.memory_mb()
                begin_load = load_average()
                await anyio.sleep(60 * minutes)
                seconds, used, end_mb = time.monotonic() - begin_s, running.cpu_s() - begin_cpu, running.memory_mb()
                wire = await simulator.mark()
                clients = {"libca": await libca.mark(), "OPC UA": await opcua.mark()}
            counts = await read_counters(running)
            log = list(running.log)

    print_table(
        f"{len(counts)} analysers, {seconds:.0f} s, counters read by libca at the end",
        ["analyser", *_SHOWN.values(), "sum holds"],
        [
            [device, *(round(count[attribute], 3) for attribute in _SHOWN), "yes" if balanced(count) else "NO"]
            for device, count in counts.items()
        ],
    )
    print_table(
        "CPU and memory",
        ["process", "CPU % of a core", "RSS MB, start", "RSS MB, end"],
        [
            ["gateway", 100 * used / seconds, begin_mb, end_mb],
            ["simulator", 100 * wire["cpu_s"] / seconds, "", ""],
            *([name, 100 * seen["cpu_s"] / seconds, "", ""] for name, seen in clients.items()),
        ],
    )
    print_table(
        "Clients: every point subscribed",
        ["client", "points", "values/s", "age p50 ms", "age p99 ms"],
        [
            [client, len(pvs), seen["events"] / seconds, seen["p50_ms"], seen["p99_ms"]]
            for client, seen in clients.items()
        ],
    )
    trouble = [line for line in log if "WARNING" in line or "ERROR" in line]
    print(f"simulator: {wire['answered']} requests answered, {wire['ignored']} ignored for a missed idle gap")
    print(f"gateway log: {len(trouble)} warnings and errors; load average {begin_load:.2f} to {load_average():.2f}")
    kept = all(map(balanced, counts.values())) and wire["ignored"] == 0
    print("every slot accounted for, no idle gap missed" if kept else "A PROMISE IS BROKEN, see above", flush=True)
    return kept
