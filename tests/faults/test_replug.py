"""A thousand times the adapter is pulled out, or the serial server resets and refuses, and comes back: nothing is left.

Schedules and the pauses before a wire is opened again run on a hasty clock; the port that vanishes, the reset, the
refused connection, the opening and the first values are real, each time. `python -m bench replug` does the same to a
whole gateway on the machine's clock.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from gateway.model.readings import ProtocolKind
from tests.faults.hasty_clock import HastyClock
from tests.faults.ledger import Footprint, Ledger, crashes
from tests.faults.stack import QUICK, Stack, WireMode, running_stack

WIRES = (
    WireMode(ProtocolKind.MODBUS_RTU, serial=True),
    WireMode(ProtocolKind.CONTINUOUS, serial=True),
    WireMode(ProtocolKind.MODBUS_TCP, serial=False),
)
HASTE = 20
WARM_UP = 50
CYCLES = 1000
STAYS_AWAY_EVERY = 10
"""In one cycle out of these, attempts to open the wire fail before it comes back."""

AWAY_S = 0.5
MOST_MB = 5.0


@asynccontextmanager
async def wires(folder: Path) -> AsyncIterator[list[Stack]]:
    async with AsyncExitStack() as running:
        stacks = []
        for mode in WIRES:
            place = folder / str(mode)
            place.mkdir()
            spec = replace(QUICK, timeout_s=0.02)
            stack = running_stack(mode, place, HastyClock(HASTE), spec=spec, slack_s=HASTE)
            stacks.append(await running.enter_async_context(stack))
        yield stacks


async def shows(stack: Stack, *, good: bool) -> None:
    with anyio.fail_after(10):
        while stack.evidence.shows_good(0) is not good:
            await stack.evidence.published()


async def replug(stack: Stack, cycles: int) -> None:
    for cycle in range(cycles):
        await stack.proxy.unplug()
        await shows(stack, good=False)
        if cycle % STAYS_AWAY_EVERY == 0:
            await stack.clock.sleep_until(stack.clock.monotonic_ns() + round(AWAY_S * 1e9))
        await stack.proxy.plug_in()
        await shows(stack, good=True)


async def replug_all(stacks: list[Stack], cycles: int) -> None:
    async with anyio.create_task_group() as tasks:
        for stack in stacks:
            tasks.start_soon(replug, stack, cycles)


@pytest.mark.timeout(180)
async def test_a_thousand_unplugged_wires_leave_nothing_behind(tmp_path: Path) -> None:
    with crashes() as crashed:
        async with wires(tmp_path) as stacks:
            await replug_all(stacks, WARM_UP)
            before = Footprint.now()
            await replug_all(stacks, CYCLES)
            after = Footprint.now()
            assert replace(after, memory_mb=0) == replace(before, memory_mb=0)
            assert after.memory_mb - before.memory_mb < MOST_MB
            for stack in stacks:
                assert not stack.evidence.wrong
                assert not Ledger(stack).audit()
                outages = [(summary.outages, summary.reconnects) for summary in stack.summaries]
                assert outages == [(WARM_UP + CYCLES, WARM_UP + CYCLES)], stack.mode
    assert not crashed
