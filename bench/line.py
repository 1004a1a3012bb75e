"""How much of a serial line's time the gateway puts to use, against what bytes, gaps and turnarounds need at least."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import anyio

from bench.child import child
from bench.cores import load_average
from bench.table import Cell, print_table
from gateway import registry
from gateway.drivers.servomex4100.settings import Servomex4100Settings
from gateway.model.bus_spec import BusSpec
from gateway.model.channel_spec import ChannelSpec
from gateway.model.readings import ProtocolKind, WireProtocol
from gateway.ports import PollSource
from gateway.streaming.clock import SystemClock
from gateway.wire.bus import SharedModbusBus

BAUDRATE = 19200
IDLE_GAP_S = 0.05
TURNAROUND_S = 0.025
TARGET = 0.9
"""Share of the line's time that back-to-back polling has to use."""

_PROTOCOLS: tuple[WireProtocol, ...] = (ProtocolKind.MODBUS_RTU, ProtocolKind.MODBUS_ASCII)
_CHANNELS = {slot: ChannelSpec("%") for slot in ("I1", "I2", "I3", "D1")}


@dataclass(frozen=True, slots=True)
class LineRun:
    """One measurement.

    Attributes:
        sweeps: Complete sweeps of all analysers together.
        seconds: How long they took.
        exchange_bytes: Bytes of one sweep, requests and answers.
        minimum_s: Shortest time one sweep can take on this line.
        ignored: Requests that came too early for the simulator.
        master_cpu_s: CPU of the polling side.
        simulator_cpu_s: CPU of the simulator.
    """

    sweeps: int
    seconds: float
    exchange_bytes: int
    minimum_s: float
    ignored: int
    master_cpu_s: float
    simulator_cpu_s: float

    @property
    def use(self) -> float:
        """Share of the time in which the line did what it had to do."""
        return self.sweeps * self.minimum_s / self.seconds


async def poll_line(protocol: WireProtocol, analysers: int, sweeps: int) -> LineRun:
    """Poll back to back, one task per analyser, until all have done `sweeps` sweeps."""
    driver = registry.wire_driver("servomex4100")
    options = [Servomex4100Settings(_CHANNELS, address) for address in range(1, analysers + 1)]
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "line")
        line = {
            "name": "line",
            "path": path,
            "protocol": protocol.value,
            "addresses": [option.address for option in options],
            "baudrate": BAUDRATE,
            "turnaround_s": TURNAROUND_S,
            "idle_gap_s": IDLE_GAP_S,
        }
        spec = BusSpec(
            path, protocol, baudrate=BAUDRATE, idle_gap_ms=1000 * IDLE_GAP_S, turnaround_ms=1000 * TURNAROUND_S
        )
        exchanges = driver.exchanges(options[0], protocol)
        async with child("bench.simulator_process", {"lines": [line]}) as simulator:
            bus = SharedModbusBus("line", spec, SystemClock())
            try:
                sources = [driver.poll(f"a{option.address}", option, bus) for option in options]
                for source in sources:
                    await source.poll_samples()
                await simulator.mark()
                begin_s, begin_cpu = time.monotonic(), time.process_time()
                async with anyio.create_task_group() as tasks:
                    for source in sources:
                        tasks.start_soon(_poll, source, sweeps)
                seconds, cpu_s = time.monotonic() - begin_s, time.process_time() - begin_cpu
                wire = await simulator.mark()
            finally:
                await bus.aclose()
    return LineRun(
        sweeps * analysers,
        seconds,
        sum(exchange.request + exchange.answer for exchange in exchanges),
        spec.timing.sweep_s(exchanges),
        wire["ignored"],
        cpu_s,
        wire["cpu_s"],
    )


async def _poll(source: PollSource, sweeps: int) -> None:
    for _ in range(sweeps):
        await source.poll_samples()


def _row(protocol: ProtocolKind, analysers: int, runs: Sequence[LineRun]) -> list[Cell]:
    median = statistics.median(run.use for run in runs)
    run = min(runs, key=lambda each: abs(each.use - median))
    return [
        f"{protocol}, {analysers}",
        run.exchange_bytes,
        run.sweeps / run.seconds,
        1000 * run.seconds / run.sweeps,
        1000 * run.minimum_s,
        f"{median:.1%}",
        f"{min(each.use for each in runs):.1%}",
        1000 * run.master_cpu_s / run.sweeps,
        1000 * run.simulator_cpu_s / run.sweeps,
        sum(each.ignored for each in runs),
    ]


async def line(sweeps: int = 12, repeats: int = 3, most_analysers: int = 3) -> bool:
    """Measure both framings with 1 to `most_analysers` analysers; tells whether all reach the target."""
    measured = {
        (protocol, analysers): [await poll_line(protocol, analysers, -(-sweeps // analysers)) for _ in range(repeats)]
        for protocol in _PROTOCOLS
        for analysers in range(1, most_analysers + 1)
    }
    print_table(
        f"One serial line, {BAUDRATE} baud, gap {1000 * IDLE_GAP_S:g} ms, turnaround {1000 * TURNAROUND_S:g} ms, "
        f"polled back to back; median of {repeats} runs of {sweeps} sweeps; load average {load_average():.2f}",
        [
            "framing, analysers",
            "bytes/sweep",
            "sweeps/s",
            "sweep ms",
            "least ms",
            "line use",
            "worst run",
            "CPU ms/sweep",
            "simulator's",
            "gaps missed",
        ],
        [_row(protocol, analysers, runs) for (protocol, analysers), runs in measured.items()],
    )
    reached = all(statistics.median(run.use for run in runs) >= TARGET for runs in measured.values())
    print(f"target: {TARGET:.0%} of the line's time in use: {'reached' if reached else 'MISSED'}\n", flush=True)
    return reached
