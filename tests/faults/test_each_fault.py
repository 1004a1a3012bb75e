"""Each fault on its own, on every kind of wire: nothing wrong is published, and all is well two ticks after its end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path

import anyio

from gateway.streaming.clock import SystemClock
from tests.faults.fault_menu import ON_ANSWERS, ON_REQUESTS, Recipe
from tests.faults.gateway_ends import TcpEnd
from tests.faults.ledger import Ledger, crashes
from tests.faults.stack import FIRST_ADDRESS, MODES, RATE_HZ, Stack, WireMode, running_stack
from tests.faults.wire_faults import Drop, WrongAddress

TICKS_LONG = 3
MOST_TICKS = 2

Break = Callable[[], Awaitable[None]]


def breaks(stack: Stack) -> Mapping[str, Break]:
    """What can go wrong with one wire."""
    known: dict[str, Break] = {f"answers {recipe}": partial(stack.break_answers, recipe) for recipe in ON_ANSWERS}
    known["unplugged"] = stack.proxy.unplug
    if stack.mode.polled:
        known |= {f"requests {recipe}": partial(stack.break_requests, recipe) for recipe in ON_REQUESTS}
        neighbour = Recipe(WrongAddress, (FIRST_ADDRESS + 1,))
        dead = Recipe(Drop, only_address=FIRST_ADDRESS)
        known |= {"answers of the neighbour": partial(stack.break_answers, neighbour)}
        known |= {"one analyser dead": partial(stack.break_answers, dead)}
    if isinstance(stack.end, TcpEnd):
        known |= {"reset": _soon(stack.end.reset), "half closed": _soon(stack.end.half_close)}
    return known


def _soon(act: Callable[[], None]) -> Break:
    async def run() -> None:
        act()

    return run


async def break_everything(mode: WireMode, folder: Path, found: list[str]) -> None:
    """One fault after the other on one wire; what was wrong is added to `found`."""
    async with running_stack(mode, folder, SystemClock()) as stack:
        ledger = Ledger(stack)
        for name, break_it in breaks(stack).items():
            await break_it()
            await anyio.sleep(TICKS_LONG / RATE_HZ)
            problems = ledger.audit()
            await stack.mend()
            if (ticks := await stack.ticks_until_good(MOST_TICKS)) > MOST_TICKS:
                problems.append(f"{mode}: no good values {MOST_TICKS} ticks after the end ({ticks})")
            problems += [f"{mode}: {wrong}" for wrong in stack.evidence.wrong] + ledger.audit()
            stack.evidence.wrong.clear()
            found += [f"{name}: {problem}" for problem in problems]
            await anyio.sleep(1 / RATE_HZ)


async def test_no_fault_makes_a_wrong_value_and_all_end_within_two_ticks(tmp_path: Path) -> None:
    found: list[str] = []
    with crashes() as crashed:
        async with anyio.create_task_group() as tasks:
            for mode in MODES:
                folder = tmp_path / str(mode)
                folder.mkdir()
                tasks.start_soon(break_everything, mode, folder, found)
    assert not found + crashed, "\n" + "\n".join(sorted(found) + crashed)
