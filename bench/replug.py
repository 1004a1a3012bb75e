"""A whole gateway process whose wires are all unplugged and plugged in again, on the machine's clock."""

from __future__ import annotations

import socket
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio

from bench.gateway_process import RunningGateway, gateway
from bench.soak import read_counters
from bench.table import print_table
from gateway.model.readings import ProtocolKind
from gateway.simulator import InstrumentSettings, LineSettings, PtyLink, SimulatorSettings, TcpLink, running
from gateway.streaming.clock import SystemClock

ADDRESS = 1
RATE_HZ = 4.0
FRAME_INTERVAL_S = 1
WARM_UP = 50
MOST_MB = 5.0
_PATIENCE_S = 30.0
_COUNTERS_S = 2.0  # counters are published once a second


@dataclass(frozen=True, slots=True)
class ReplugWire:
    """One wire with one analyser, which bears its name."""

    name: str
    protocol: ProtocolKind
    serial: bool


WIRES = (
    ReplugWire("rtuSerial", ProtocolKind.MODBUS_RTU, serial=True),
    ReplugWire("rtuTcp", ProtocolKind.MODBUS_RTU, serial=False),
    ReplugWire("asciiSerial", ProtocolKind.MODBUS_ASCII, serial=True),
    ReplugWire("modbusTcp", ProtocolKind.MODBUS_TCP, serial=False),
    ReplugWire("continuousSerial", ProtocolKind.CONTINUOUS, serial=True),
    ReplugWire("continuousTcp", ProtocolKind.CONTINUOUS, serial=False),
)


@dataclass(frozen=True, slots=True)
class Held:
    """What the gateway process holds on to."""

    memory_mb: float
    files: int
    threads: int

    @classmethod
    def by(cls, running_gateway: RunningGateway) -> Held:
        """Take it now."""
        usage = running_gateway.usage
        return cls(running_gateway.memory_mb(), usage.num_fds(), usage.num_threads())


@contextmanager
def reserved_ports(count: int) -> Iterator[list[int]]:
    """Ports that stay bound while nobody listens: a connection attempt must be refused, not meet itself or others."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind(("127.0.0.1", 0))
        yield [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def simulated(folder: Path, ports: Sequence[int]) -> SimulatorSettings:
    """The analysers, plugged in; to leave them is to unplug them."""
    instruments = (InstrumentSettings(ADDRESS),)
    links = [PtyLink(folder / wire.name) if wire.serial else TcpLink(port=port) for wire, port in _with_ports(ports)]
    lines = [
        LineSettings(wire.name, link, wire.protocol, instruments, baudrate=None, interval_s=FRAME_INTERVAL_S)
        for wire, link in zip(WIRES, links, strict=True)
    ]
    return SimulatorSettings(tuple(lines))


def sections(folder: Path, ports: Sequence[int]) -> tuple[dict[str, Any], dict[str, Any]]:
    """`buses` and `analysers` of the gateway's settings."""
    buses: dict[str, Any] = {}
    analysers: dict[str, Any] = {}
    for wire, port in _with_ports(ports):
        link = str(folder / wire.name) if wire.serial else f"socket://127.0.0.1:{port}"
        buses[wire.name] = {"link": link, "protocol": wire.protocol.value, "idle_gap_ms": 5, "timeout_s": 0.2}
        pace: dict[str, float] = {"frame_interval_s": FRAME_INTERVAL_S}
        if wire.protocol is not ProtocolKind.CONTINUOUS:
            buses[wire.name] |= {"baudrate": 115200, "turnaround_ms": 25}
            pace = {"address": ADDRESS, "rate_hz": RATE_HZ}
        channels = {slot: {"unit": "%"} for slot in ("I1", "I2", "I3")}
        analysers[wire.name] = {"driver": "servomex4100", "bus": wire.name, "channels": channels, **pace}
    return buses, analysers


def _with_ports(ports: Sequence[int]) -> list[tuple[ReplugWire, int]]:
    return list(zip(WIRES, ports, strict=True))


async def logged(running_gateway: RunningGateway, what: str) -> None:
    """Wait until every analyser has said something in the log, and forget the log."""
    missing = {f" {wire.name}: {what}" for wire in WIRES}
    with anyio.fail_after(_PATIENCE_S):
        while missing:
            missing = {text for text in missing if not any(text in line for line in running_gateway.log)}
            await anyio.sleep(0.01)
    running_gateway.log.clear()


async def replug(cycles: int, warm_up: int = WARM_UP) -> bool:
    """Run it, print what came of it, and tell whether nothing was left behind."""
    with tempfile.TemporaryDirectory() as name, reserved_ports(len(WIRES)) as ports:
        folder = Path(name)
        analysers = simulated(folder, ports)
        async with gateway(folder, *sections(folder, ports)) as one:
            before = Held.by(one)
            begin_s = time.monotonic()
            await logged(one, "communication-interrupted")
            for cycle in range(warm_up + cycles):
                async with running(analysers, SystemClock()):
                    await logged(one, "back")
                    if cycle == warm_up:
                        before, begin_s = Held.by(one), time.monotonic()
                await logged(one, "communication-interrupted")
            seconds = time.monotonic() - begin_s
            async with running(analysers, SystemClock()):
                await logged(one, "back")
                after = Held.by(one)
                await anyio.sleep(_COUNTERS_S)
                counts = await read_counters(one)
    kept = (
        after.memory_mb - before.memory_mb < MOST_MB
        and (after.files, after.threads) == (before.files, before.threads)
        and all(count["outages"] == count["reconnects"] >= cycles for count in counts.values())
    )
    print_table(
        f"{cycles} cycles of {len(WIRES)} wires unplugged and plugged in, after {warm_up} to warm up; "
        f"{1000 * seconds / cycles:.0f} ms per cycle",
        ["gateway process", "before", "after"],
        [
            ["RSS MB", before.memory_mb, after.memory_mb],
            ["open files", before.files, after.files],
            ["threads", before.threads, after.threads],
        ],
    )
    print_table(
        "Counters at the end",
        ["analyser", "outages", "reconnects", "errors", "late"],
        [
            [device, *(round(count[counter]) for counter in ("outages", "reconnects", "errors", "samples_late"))]
            for device, count in counts.items()
        ],
    )
    print("nothing left behind" if kept else "SOMETHING IS LEFT BEHIND, see above", flush=True)
    return kept
