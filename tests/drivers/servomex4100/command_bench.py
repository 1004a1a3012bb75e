"""A simulated analyser whose every request is noted, and a bus to command it over."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gateway.drivers.servomex4100.calibration_commands import CalibrationCommands
from gateway.model.bus_spec import BusSpec
from gateway.model.readings import ProtocolKind
from gateway.simulator import FaultKind, InstrumentSettings, LineSettings, PtyLink, SimulatorSettings, TcpLink, running
from gateway.simulator.instrument import Instrument
from gateway.simulator.line import Line
from gateway.streaming.clock import SystemClock
from gateway.wire.bus import SharedModbusBus
from gateway.wire.tap import WireTap

ADDRESS = 30
READ_STARTS = bytes.fromhex("01 0000 0004")
READ_STOP = bytes.fromhex("01 0008 0001")


def read(coil: int) -> bytes:
    return bytes([1, 0, coil, 0, 1])


def on(coil: int) -> bytes:
    return bytes([5, 0, coil, 0xFF, 0])


def off(coil: int) -> bytes:
    return bytes([5, 0, coil, 0, 0])


class Ear:
    """Stands between line and instrument: notes each request that arrives, and lets a test step in.

    Attributes:
        heard: Requests without address and check, as the instrument got them.
        after: Request to what happens once the instrument has carried it out, before its answer leaves.
        instead: Request to the answers that it gets instead of the instrument's, one after the other.
    """

    def __init__(self, line: Line, address: int = ADDRESS) -> None:
        slave = line.conversation._slaves[address]  # type: ignore[union-attr]
        self._answer = slave.answer
        self.instrument: Instrument = line.instruments[address]
        self.heard: list[bytes] = []
        self.after: dict[bytes, Callable[[], object]] = {}
        self.instead: dict[bytes, list[bytes]] = {}
        slave.answer = self.answer  # type: ignore[method-assign]

    def answer(self, request: bytes) -> bytes:
        self.heard.append(request)
        answer = self.instead[request].pop(0) if self.instead.get(request) else self._answer(request)
        if request in self.after:
            self.after[request]()
        return answer

    @property
    def writes(self) -> list[bytes]:
        return [request for request in self.heard if request[0] in (5, 15)]

    @property
    def commands(self) -> list[bytes]:
        """Reads and writes of coils."""
        return [request for request in self.heard if request[0] in (1, 5, 15)]

    @property
    def coils_set(self) -> list[int]:
        return [coil for coil, bit in enumerate(self.instrument.coils.values) if bit]

    def calibrating(self) -> list[int]:
        groups = self.instrument.state().analyser.groups
        return [number for number, group in enumerate(groups, start=1) if group.calibrating]

    def lose_answer(self, request: bytes) -> None:
        """Damage the answers to one request, and to no other one."""
        self.after[request] = lambda: self.instrument.switch_on(FaultKind.DAMAGED)
        answer = self._answer

        def mended(other: bytes) -> bytes:
            if other != request:
                self.instrument.switch_off(FaultKind.DAMAGED)
            return answer(other)

        self._answer = mended


@dataclass
class Bench:
    ear: Ear
    commands: CalibrationCommands
    bus: SharedModbusBus
    sent: list[bytes] = field(default_factory=list)


@asynccontextmanager
async def command_bench(
    tmp_path: Path, protocol: ProtocolKind, *, serial: bool, write_back_s: float = 8.0
) -> AsyncIterator[Bench]:
    """An analyser on a line that answers at once."""
    clock, tap = SystemClock(), WireTap()
    link = PtyLink(tmp_path / "tty") if serial else TcpLink()
    settings = LineSettings("line", link, protocol, (InstrumentSettings(ADDRESS),), baudrate=None, turnaround_s=0.0)
    async with running(SimulatorSettings((settings,)), clock) as simulator:
        line = simulator.lines["line"]
        address = line.endpoint if serial else f"socket://{line.endpoint}"
        spec = BusSpec(address, protocol, idle_gap_ms=2, timeout_s=0.15, attempts=2, turnaround_ms=5)
        bus = SharedModbusBus("line", spec, clock, tap)
        bench = Bench(Ear(line), CalibrationCommands("stack", ADDRESS, bus, write_back_s=write_back_s), bus)
        with tap.attached(lambda event: bench.sent.append(event.data) if event.kind.value == "sent" else None):
            try:
                yield bench
            finally:
                await bus.aclose()
