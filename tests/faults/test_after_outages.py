"""What an outage must not leave behind; each of these was found by random sequences of faults."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import anyio
import pytest

from gateway.errors import DamagedAnswerError, DeviceTimeoutError, LinkError
from gateway.model.bus_health import AddressState
from gateway.model.bus_spec import BusSpec
from gateway.model.readings import ProtocolKind
from gateway.model.reopen_pause import FIRST_S, JITTER
from gateway.model.stamp import Stamp
from gateway.simulator import LineSettings, SimulatorSettings, TcpLink, running
from gateway.streaming.clock import SystemClock
from gateway.wire.admission import PlannedUse
from gateway.wire.bus import SharedModbusBus
from gateway.wire.opener import ByteLinkOpener
from tests.faults.fault_menu import Recipe
from tests.faults.gateway_ends import SerialEnd, TcpEnd
from tests.faults.hasty_clock import HastyClock
from tests.faults.proxy import fault_proxy
from tests.faults.stack import QUICK, RATE_HZ, Stack, WireMode, running_stack
from tests.faults.wire_faults import Delay, Drop, OneBehind, Stall, WireFault

MOST_TICKS = 2
HASTE = 20
SILENT_S = 14
"""A little less than the 15 s after which a silent connection is suspected: the last answer came before the fault."""


async def break_and_mend(stack: Stack, recipe: Recipe, ticks: int) -> int:
    await stack.break_answers(recipe)
    await anyio.sleep(ticks / RATE_HZ)
    await stack.mend()
    return await stack.ticks_until_good(most=40)


async def test_one_slow_answer_after_some_outages_is_no_new_outage(tmp_path: Path, clock: SystemClock) -> None:
    """However much the outages have cost, an answer that comes in time must not be paid for with silence."""
    two = WireMode(ProtocolKind.MODBUS_TCP, serial=False, analysers=2)
    async with running_stack(two, tmp_path, clock) as stack:
        for _ in range(5):
            await break_and_mend(stack, Recipe(Drop), 3)
            await anyio.sleep(2 / RATE_HZ)
        assert await break_and_mend(stack, Recipe(Delay, (0.04, 2)), 1) <= MOST_TICKS


@pytest.mark.parametrize("protocol", [ProtocolKind.MODBUS_RTU, ProtocolKind.CONTINUOUS])
async def test_a_half_open_connection_is_replaced(protocol: ProtocolKind, tmp_path: Path) -> None:
    """The peer has gone without a word, so the operating system knows of nothing: silence itself must be the sign."""
    async with running_stack(
        WireMode(protocol, serial=False), tmp_path, HastyClock(HASTE), spec=QUICK, slack_s=HASTE
    ) as stack:
        assert isinstance(stack.end, TcpEnd)
        await stack.break_requests(Recipe(Drop))
        await stack.break_answers(Recipe(Drop))
        begin_ns = stack.clock.monotonic_ns()
        with anyio.fail_after(20):
            await stack.end.next_connection()
        assert stack.clock.monotonic_ns() - begin_ns >= SILENT_S * 1e9
        await stack.mend()
        with anyio.fail_after(10):
            while not stack.evidence.shows_good(0):
                await stack.evidence.published()
        assert not stack.evidence.wrong


@pytest.fixture
async def far_analyser(clock: SystemClock) -> AsyncIterator[int]:
    line = LineSettings("line", TcpLink(), ProtocolKind.MODBUS_RTU, baudrate=None, turnaround_s=0.0)
    async with running(SimulatorSettings((line,)), clock) as simulator:
        yield simulator.lines["line"].port or 0


@pytest.fixture
async def tcp_end() -> AsyncIterator[TcpEnd]:
    with TcpEnd() as end:
        yield end


async def test_a_lost_echo_does_not_mean_that_an_analyser_knows_none(
    far_analyser: int, tcp_end: TcpEnd, clock: SystemClock
) -> None:
    """It is asked for its first echo while all is lost, and answers the next read: echoes are needed all the same."""
    async with fault_proxy(ProtocolKind.MODBUS_RTU, tcp_end, far_analyser) as proxy:
        spec = BusSpec(proxy.link, ProtocolKind.MODBUS_RTU, idle_gap_ms=5, timeout_s=0.05, attempts=3)
        bus = SharedModbusBus("line", spec, clock)
        right = [(await bus.read_input_registers(30, address, 7)).values for address in (0, 14)]
        await proxy.answers.switch(Drop(2))
        await bus.read_input_registers(30, 0, 7)
        await proxy.answers.switch(OneBehind())
        for address, values in zip((0, 14), right, strict=True):
            with suppress(DeviceTimeoutError, DamagedAnswerError):
                assert (await bus.read_input_registers(30, address, 7)).values == values
        await bus.aclose()


class LeapingClock(SystemClock):
    """Time stands still, but for sleeps and leaps."""

    def __init__(self) -> None:
        self.now_ns = 1_000_000_000

    def monotonic_ns(self) -> int:
        return self.now_ns

    def stamp(self) -> Stamp:
        return Stamp(self.now_ns, self.now_ns // 1000)

    async def sleep_until(self, monotonic_ns: int) -> None:
        self.now_ns = max(self.now_ns, monotonic_ns)
        await anyio.lowlevel.checkpoint()

    def leap(self, seconds: float) -> None:
        self.now_ns += round(seconds * 1e9)


async def test_asking_in_vain_while_the_wire_is_down_is_no_probe(far_analyser: int, tcp_end: TcpEnd) -> None:
    """A demoted address may be asked now and then; a question that never left must not use up its turn."""
    clock = LeapingClock()
    rarely = {30: PlannedUse(period_s=1.0, sweep_s=0.001), 31: PlannedUse(period_s=1.0, sweep_s=0.001)}
    async with fault_proxy(ProtocolKind.MODBUS_RTU, tcp_end, far_analyser) as proxy:
        spec = BusSpec(proxy.link, ProtocolKind.MODBUS_RTU, idle_gap_ms=5, timeout_s=0.2, attempts=1)
        bus = SharedModbusBus("line", spec, clock, planned=rarely)
        await bus.read_input_registers(30, 0, 7)
        await proxy.answers.switch(Drop())
        with pytest.raises(DeviceTimeoutError):
            await bus.read_input_registers(30, 0, 7)
        await proxy.answers.switch(WireFault())
        assert bus.address_health(30).state is AddressState.DEMOTED
        clock.leap(1000)
        await proxy.unplug()
        with pytest.raises(LinkError):
            await bus.read_input_registers(30, 0, 7)
        await proxy.plug_in()
        clock.leap(FIRST_S * (1 + JITTER))
        assert (await bus.read_input_registers(30, 0, 7)).values
        await bus.aclose()


@pytest.mark.parametrize("serial", [True, False], ids=["serial", "tcp"])
async def test_a_wire_lost_while_an_answer_is_awaited_is_known_at_once(
    serial: bool, tmp_path: Path, far_analyser: int, tcp_end: TcpEnd, clock: SystemClock
) -> None:
    """Not when the answer is overdue: that may be long, and all on the wire would wait."""
    end = SerialEnd(tmp_path / "tty") if serial else tcp_end
    async with fault_proxy(ProtocolKind.MODBUS_RTU, end, far_analyser) as proxy:
        await proxy.answers.switch(Stall())
        bus = SharedModbusBus("line", BusSpec(proxy.link, ProtocolKind.MODBUS_RTU, timeout_s=60), clock)

        async def unplug_when_asked() -> None:
            while not proxy.answers.carried:
                await anyio.lowlevel.checkpoint()
            await proxy.unplug()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(unplug_when_asked)
            with anyio.fail_after(10), pytest.raises(LinkError):
                await bus.read_input_registers(30, 0, 70)
        await bus.aclose()


async def test_a_port_that_vanishes_while_it_is_listened_to_is_a_lost_link(
    tmp_path: Path, far_analyser: int, clock: SystemClock
) -> None:
    end = SerialEnd(tmp_path / "tty")
    async with fault_proxy(ProtocolKind.CONTINUOUS, end, far_analyser) as proxy:
        opener = ByteLinkOpener("line", BusSpec(proxy.link, ProtocolKind.CONTINUOUS), clock)
        with anyio.fail_after(10), pytest.raises(LinkError, match="the line is lost"):
            async with opener.open() as link:
                await proxy.unplug()
                await link.receive()
