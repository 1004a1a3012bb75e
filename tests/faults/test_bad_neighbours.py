"""One dead, one garbling and one slow analyser on a line: the healthy ones keep their rate.

Five analysers share a simulated line of 19200 baud, at the rate that `check` allows for five, with the manners that the
settings have by default. It runs in real time: what a second of waiting costs the others is the point.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import anyio
import pytest

from gateway.model.bus_spec import BusSpec
from gateway.model.readings import ProtocolKind
from gateway.settings.draft import Draft
from gateway.settings.time_budget import bus_budgets
from gateway.simulator import FaultKind, LineSettings, TcpLink
from gateway.simulator.settings import IDLE_GAP_S
from gateway.streaming.clock import SystemClock
from tests.faults.evidence import alarms
from tests.faults.fault_menu import Recipe
from tests.faults.stack import FIRST_ADDRESS, Stack, WireMode, gateway_settings, instruments, running_stack
from tests.faults.wire_faults import Garble

FIVE = WireMode(ProtocolKind.MODBUS_RTU, serial=True, analysers=5)
HEALTHY = (0, 1)
DEAD, GARBLING, SLOW = 2, 3, 4
FIRST_TIMEOUTS_S = 16.0
"""The bad ones may lose three attempts of a second each at once, and the healthy ones must take turns with them."""

MEASURED_S = 30.0
LEAST_KEPT = 0.95
SPEC = BusSpec("", ProtocolKind.MODBUS_RTU)
"""The defaults of the settings."""


@dataclass(frozen=True)
class Line:
    """One line under test: how many analysers are on it, and how slow the slow one is."""

    name: str
    analysers: int
    slow_s: float = 0.0

    def settings(self, mode: WireMode) -> LineSettings:
        plain = tuple(
            replace(instrument, faults=alarms(device), slow_s=self.slow_s)
            for device, instrument in enumerate(instruments(mode))
        )
        return LineSettings("line", TcpLink(), mode.protocol, plain, turnaround_s=0.025, idle_gap_s=IDLE_GAP_S)


LINES = (
    Line("two healthy ones alone", 2),
    Line("with three bad ones, the slow one just in time", 5, slow_s=0.7),
    Line("with three bad ones, the slow one always too late", 5, slow_s=1.3),
)


async def break_three(stack: Stack) -> None:
    line = stack.simulator.lines["line"].instruments
    line[FIRST_ADDRESS + DEAD].switch_on(FaultKind.SILENT)
    line[FIRST_ADDRESS + SLOW].switch_on(FaultKind.SLOW)
    await stack.break_answers(Recipe(Garble, (3,), only_address=FIRST_ADDRESS + GARBLING))


def counted(stack: Stack) -> list[tuple[int, int]]:
    """Scheduled ticks, and those with good values, per analyser."""
    return [(summary.scheduled, summary.samples_emitted - summary.errors) for summary in stack.summaries]


async def kept(line: Line, folder: Path, rate_hz: float) -> list[float]:
    """Share of its ticks that each analyser kept after the first timeouts."""
    mode = replace(FIVE, analysers=line.analysers)
    clock = SystemClock()
    async with running_stack(mode, folder, clock, rate_hz=rate_hz, spec=SPEC, line=line.settings(mode)) as stack:
        if line.analysers > len(HEALTHY):
            await break_three(stack)
        await anyio.sleep(FIRST_TIMEOUTS_S)
        before = counted(stack)
        await anyio.sleep(MEASURED_S)
        after = counted(stack)
    return [(good - good0) / (due - due0) for (due0, good0), (due, good) in zip(before, after, strict=True)]


def fitting_rate_hz() -> float:
    """Highest rate that `check` allows for five analysers on this line."""
    settings = gateway_settings(FIVE, "/dev/ttyUSB0", 0.1, SPEC)
    (budget,) = bus_budgets(Draft.of(settings))
    return budget.fitting_rate_hz


@pytest.mark.timeout(180)
async def test_healthy_analysers_keep_their_rate_beside_a_dead_a_garbling_and_a_slow_one(tmp_path: Path) -> None:
    rate_hz = fitting_rate_hz()
    shares: dict[str, list[float]] = {}
    folders = {line: tmp_path / str(number) for number, line in enumerate(LINES)}
    for folder in folders.values():
        folder.mkdir()

    async def measure(line: Line) -> None:
        shares[line.name] = await kept(line, folders[line], rate_hz)

    async with anyio.create_task_group() as tasks:
        for line in LINES:
            tasks.start_soon(measure, line)
    table = "\n".join(f"{name}: {' '.join(f'{share:.0%}' for share in kept)}" for name, kept in shares.items())
    print(f"{rate_hz:g} Hz\n{table}")
    assert all(share[device] >= LEAST_KEPT for share in shares.values() for device in HEALTHY), table
