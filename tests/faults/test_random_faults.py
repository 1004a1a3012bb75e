"""Random sequences of faults, on every kind of wire at once, against values that prove themselves.

`FAULT_RUNS=200 pytest tests/faults/test_random_faults.py --timeout 3600` makes a long run of new sequences.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import anyio
import anyio.from_thread
import psutil
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from gateway.streaming.clock import SystemClock
from tests.faults.fault_menu import ON_ANSWERS, ON_REQUESTS, Recipe
from tests.faults.gateway_ends import TcpEnd
from tests.faults.ledger import Ledger, crashes
from tests.faults.stack import FIRST_ADDRESS, MODES, RATE_HZ, Stack, WireMode, running_stack
from tests.faults.wire_faults import Drop, Garble, Stall

RUNS = int(os.environ.get("FAULT_RUNS", "0"))
"""Runs of a long session; 0 for the short, repeatable one."""

STEPS = 8
MOST_TICKS = 2

one_address = st.sampled_from([FIRST_ADDRESS, FIRST_ADDRESS + 1])
for_one_analyser = st.builds(Recipe, st.sampled_from([Drop, Stall]), st.just(()), one_address) | st.builds(
    Recipe, st.just(Garble), st.tuples(st.integers(0, 99)), one_address
)
"""What looks like one dead, one hanging or one badly wired analyser among others."""

noise = st.binary(min_size=1, max_size=8)


@asynccontextmanager
async def all_stacks(folder: Path) -> AsyncIterator[list[Stack]]:
    """One stack of each mode, started and stopped together; fails if a task or a file is left behind."""
    tasks_before, files_before = asyncio.all_tasks(), psutil.Process().num_fds()
    stacks: list[Stack] = []
    leave = anyio.Event()

    async def keep(mode: WireMode, *, task_status: anyio.abc.TaskStatus[None]) -> None:
        place = folder / str(mode)
        place.mkdir()
        async with running_stack(mode, place, SystemClock()) as stack:
            stacks.append(stack)
            task_status.started()
            await leave.wait()

    async with anyio.create_task_group() as tasks:
        for mode in MODES:
            await tasks.start(keep, mode)
        yield stacks
        leave.set()
    assert asyncio.all_tasks() <= tasks_before
    assert psutil.Process().num_fds() == files_before


class BrokenWires(RuleBasedStateMachine):
    """Each rule breaks something on all wires at once, or mends them."""

    def __init__(self) -> None:
        super().__init__()
        self._resources = ExitStack()
        self._broken = False
        self._crashed = self._resources.enter_context(crashes())
        folder = Path(self._resources.enter_context(tempfile.TemporaryDirectory()))
        self._portal = self._resources.enter_context(anyio.from_thread.start_blocking_portal("asyncio"))
        stacks = self._portal.wrap_async_context_manager(all_stacks(folder))
        self._stacks = self._resources.enter_context(stacks)
        self._ledgers = [Ledger(stack) for stack in self._stacks]

    @rule(recipe=st.sampled_from(ON_ANSWERS) | for_one_analyser, ticks=st.integers(0, 3))
    def break_answers(self, recipe: Recipe, ticks: int) -> None:
        """A fault between the analysers and the gateway."""
        self._on_all(lambda stack: stack.break_answers(recipe), ticks)

    @rule(recipe=st.sampled_from(ON_REQUESTS) | for_one_analyser, ticks=st.integers(0, 3))
    def break_requests(self, recipe: Recipe, ticks: int) -> None:
        """A fault between the gateway and the analysers."""
        self._on_all(lambda stack: stack.break_requests(recipe), ticks)

    @rule(data=noise, ticks=st.integers(0, 1))
    def make_noise(self, data: bytes, ticks: int) -> None:
        """Bytes that nobody sent."""
        self._on_all(lambda stack: stack.proxy.answers.inject(data), ticks)

    @rule(ticks=st.integers(0, 3))
    def unplug(self, ticks: int) -> None:
        """The adapter is pulled out, the serial server is off."""
        self._on_all(lambda stack: stack.proxy.unplug(), ticks)

    @rule(ticks=st.integers(0, 1))
    def plug_in(self, ticks: int) -> None:
        """The wire is back, with whatever fault it has."""
        self._on_all(lambda stack: stack.proxy.plug_in(), ticks)

    @rule(half=st.booleans(), ticks=st.integers(0, 1))
    def hang_up(self, half: bool, ticks: int) -> None:
        """The serial server ends its connections, with a reset or in an orderly way."""

        async def end(stack: Stack) -> None:
            if isinstance(stack.end, TcpEnd):
                stack.end.half_close() if half else stack.end.reset()

        self._on_all(end, ticks)

    @precondition(lambda self: self._broken)
    @rule()
    def mend(self) -> None:
        """All is well with the wires; two ticks later it must be well with the values."""
        self._portal.call(self._mend)
        self._broken = False

    @invariant()
    def nothing_wrong_was_published(self) -> None:
        """Whatever the wires do."""
        wrong = [f"{stack.mode}: {what}" for stack in self._stacks for what in stack.evidence.wrong]
        assert not wrong, wrong

    @invariant()
    def all_counters_add_up(self) -> None:
        """At every moment."""
        found = [problem for ledger in self._ledgers for problem in self._portal.call(ledger.audit)]
        assert not found, found

    @invariant()
    def nothing_crashed(self) -> None:
        """No driver, no task, no callback."""
        assert not self._crashed, self._crashed

    def teardown(self) -> None:
        """Every run ends with wires that are well."""
        try:
            if self._broken:
                self._portal.call(self._mend)
        finally:
            self._resources.close()

    def _on_all(self, act: Callable[[Stack], Coroutine[None, None, None]], ticks: int) -> None:
        async def run() -> None:
            async with anyio.create_task_group() as tasks:
                for stack in self._stacks:
                    tasks.start_soon(act, stack)
            await anyio.sleep(ticks / RATE_HZ)

        self._broken = True
        self._portal.call(run)

    async def _mend(self) -> None:
        late: dict[str, int] = {}

        async def mend(stack: Stack) -> None:
            await stack.mend()
            late[str(stack.mode)] = await stack.ticks_until_good(MOST_TICKS)

        async with anyio.create_task_group() as tasks:
            for stack in self._stacks:
                tasks.start_soon(mend, stack)
        late = {mode: ticks for mode, ticks in late.items() if ticks > MOST_TICKS}
        assert not late, f"no good values {MOST_TICKS} ticks after the end: {late}"


@pytest.mark.timeout(120 + 60 * RUNS)
def test_random_faults() -> None:
    run_state_machine_as_test(
        BrokenWires,
        settings=settings(
            max_examples=RUNS or 8,
            stateful_step_count=STEPS,
            derandomize=not RUNS,
            deadline=None,
            database=None,
            phases=(Phase.generate,),  # what depends on time does not shrink
            suppress_health_check=list(HealthCheck),
        ),
    )
