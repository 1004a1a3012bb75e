"""A simulated line to talk to, over a pseudo-terminal or TCP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gateway.model.bus_spec import BusSpec
from gateway.model.readings import ProtocolKind
from gateway.simulator import InstrumentSettings, LineSettings, PtyLink, SimulatorSettings, TcpLink, running
from gateway.simulator.line import Line
from gateway.streaming.clock import SystemClock
from gateway.wire.bus import SharedModbusBus

BENCH = InstrumentSettings(address=30)
NEIGHBOUR = InstrumentSettings(address=31)

QUICK: dict[str, Any] = {"idle_gap_ms": 5, "timeout_s": 0.2}


@dataclass
class Wired:
    line: Line
    spec: BusSpec
    bus: SharedModbusBus


StartLine = Callable[..., AbstractAsyncContextManager[Wired]]


@pytest.fixture
def clock() -> SystemClock:
    return SystemClock()


@pytest.fixture
def start_line(tmp_path: Path, clock: SystemClock) -> StartLine:
    """Start a simulated line and a bus on it; unpaced unless told otherwise."""

    @asynccontextmanager
    async def start(
        protocol: ProtocolKind, *, serial: bool, spec: dict[str, Any] | None = None, **options: Any
    ) -> AsyncIterator[Wired]:
        link = PtyLink(tmp_path / "tty") if serial else TcpLink()
        settings = {"baudrate": None, "turnaround_s": 0.0, "instruments": (BENCH, NEIGHBOUR)} | options
        async with running(SimulatorSettings((LineSettings("line", link, protocol, **settings),)), clock) as simulator:
            line = simulator.lines["line"]
            address = line.endpoint if serial else f"socket://{line.endpoint}"
            bus_spec = BusSpec(address, protocol, **(QUICK | (spec or {})))
            bus = SharedModbusBus("line", bus_spec, clock)
            yield Wired(line, bus_spec, bus)
            await bus.aclose()

    return start
