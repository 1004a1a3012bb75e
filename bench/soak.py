"""Soak: 12 analysers on 4 paced serial lines through a whole gateway process, with a client on either protocol.

With faults, analysers on every second line come and go, and clients of both protocols attack; nobody else may notice.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio

from bench.child import ROOT, child
from bench.cores import load_average
from bench.gateway_process import RunningGateway, gateway
from bench.served_names import served_names
from bench.soak_faults import attack, wire_faults
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
ROWS = 30
MOST_GROWTH_MB = 20.0
"""Growth of the gateway's memory after a fifth of the time that is no leak."""

_SHORTEST_ROW_S = 2.0
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


def troubled(line: int) -> bool:
    """Whether the faults are on this line."""
    return line % 2 == 1


def simulated_lines(folder: Path, lines: int, *, faults: bool = False) -> list[dict[str, Any]]:
    """Lines of the simulator, each with as many instruments as analysers share it."""
    addresses = list(range(1, ANALYSERS_PER_LINE + 1))
    return [
        {
            "name": f"line{number}",
            "path": str(folder / f"line{number}"),
            "protocol": "modbus-rtu",
            "addresses": addresses,
            "faults": wire_faults(addresses) if faults and troubled(number) else {},
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


@dataclass(frozen=True, slots=True)
class Row:
    """One look at the gateway and its clients; ages in ms since the row before."""

    minutes: float
    memory_mb: float
    cpu_percent: float
    threads: int
    files: int
    late: float
    errors: float
    recoveries: int
    libca: Mapping[str, float]
    opcua: Mapping[str, float]

    def cells(self) -> list[float]:
        """In the order of `ROW_HEADER`."""
        measured = [self.minutes, self.memory_mb, self.cpu_percent, self.threads, self.files]
        ages = [self.libca["p50_ms"], self.libca["p99_ms"], self.opcua["p50_ms"], self.opcua["p99_ms"]]
        return [*measured, self.late, self.errors, self.recoveries, *ages]


ROW_HEADER = (
    *("minute", "RSS MB", "CPU %", "threads", "fds", "late", "errors", "recoveries"),
    *("libca p50 ms", "p99 ms", "OPC UA p50 ms", "p99 ms"),
)


async def soak(minutes: float, lines: int = LINES, *, faults: bool = False) -> bool:
    """Run it, print what came of it, and tell whether every promise was kept.

    Args:
        minutes: How long.
        lines: Serial lines.
        faults: Whether analysers on every second line and clients of both protocols make trouble.
    """
    rows: list[Row] = []
    rounds: list[int] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with (
            child("bench.simulator_process", {"lines": simulated_lines(folder, lines, faults=faults)}) as simulator,
            gateway(folder, *gateway_sections(folder, lines)) as running,
        ):
            print(budget_table(check_settings(running.settings).budgets) + "\n", flush=True)
            nodes = list(served_names(running.settings, "opcua").values())
            pvs = list(served_names(running.settings, "epics_ca").values())
            async with (
                child("bench.ca_client", {"pvs": pvs}, running.ca_environment) as libca,
                child("bench.opcua_client", {"url": running.opcua_url, "ids": nodes, "interval_ms": 500}) as opcua,
                anyio.create_task_group() as tasks,
            ):
                await anyio.sleep(min(_WARM_UP_S, 10 * minutes))
                for process in (simulator, libca, opcua):
                    await process.mark()
                begin_load = load_average()
                if faults:
                    tasks.start_soon(attack, running, pvs, nodes, rounds)
                begin_s = before_s = time.monotonic()
                before_cpu = running.cpu_s()
                while (left_s := 60 * minutes - (time.monotonic() - begin_s)) > 0:
                    await anyio.sleep(min(left_s, max(60 * minutes / ROWS, _SHORTEST_ROW_S)))
                    counts = await read_counters(running)
                    now_s, cpu_s = time.monotonic(), running.cpu_s()
                    rows.append(
                        Row(
                            minutes=(now_s - begin_s) / 60,
                            memory_mb=running.memory_mb(),
                            cpu_percent=100 * (cpu_s - before_cpu) / (now_s - before_s),
                            threads=running.usage.num_threads(),
                            files=running.usage.num_fds(),
                            late=sum(count["samples_late"] for count in counts.values()),
                            errors=sum(count["errors"] for count in counts.values()),
                            recoveries=sum(": back" in line for line in running.log),
                            libca=await libca.mark(),
                            opcua=await opcua.mark(),
                        )
                    )
                    before_s, before_cpu = now_s, cpu_s
                seconds = time.monotonic() - begin_s
                wire = await simulator.mark()
                tasks.cancel_scope.cancel()
            counts = await read_counters(running)
            log = list(running.log)

    print_table("The gateway and its clients, every point subscribed", ROW_HEADER, [row.cells() for row in rows])
    print_table(
        f"{len(counts)} analysers, {seconds:.0f} s, counters read by libca at the end",
        ["analyser", *_SHOWN.values(), "sum holds"],
        [
            [device, *(round(count[attribute], 3) for attribute in _SHOWN), "yes" if balanced(count) else "NO"]
            for device, count in counts.items()
        ],
    )
    trouble = [line for line in log if "WARNING" in line or "ERROR" in line]
    values = sum(row.libca["events"] + row.opcua["events"] for row in rows)
    print(f"simulator: {wire['answered']} requests answered, {wire['ignored']} ignored for a missed idle gap")
    print(f"clients: {len(pvs)} points each, {values:.0f} values; {len(rounds)} rounds of attacks")
    print(f"gateway log: {len(trouble)} warnings and errors, {sum('Traceback' in line for line in log)} tracebacks")
    print(f"load average {begin_load:.2f} to {load_average():.2f}")
    broken = broken_promises(counts, rows, faults=faults)
    broken += [f"{wire['ignored']} idle gaps missed"] if wire["ignored"] else []
    print("\n".join(f"A PROMISE IS BROKEN: {promise}" for promise in broken) or "every promise kept", flush=True)
    return not broken


def broken_promises(counts: Counts, rows: Sequence[Row], *, faults: bool) -> list[str]:
    """What must not have happened: slots without a fate, trouble of the healthy, and growth."""
    broken = [f"{device}: slots unaccounted for" for device, count in counts.items() if not balanced(count)]
    healthy = [device for device in counts if not (faults and troubled(int(device[len("line") : device.index("a")])))]
    for device in healthy:
        late, errors = counts[device]["samples_late"], counts[device]["errors"]
        if late or errors:
            broken.append(f"{device}: {late:.0f} late, {errors:.0f} errors on a healthy line")
    settled, last = rows[len(rows) // 5], rows[-1]
    if last.memory_mb - settled.memory_mb > MOST_GROWTH_MB:
        broken.append(f"memory grew from {settled.memory_mb:.0f} to {last.memory_mb:.0f} MB")
    return broken
