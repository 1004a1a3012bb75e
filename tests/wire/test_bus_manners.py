"""What the shared bus does about late, foreign and missing answers."""

from __future__ import annotations

import logging
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from itertools import count
from typing import Any

import anyio
import pytest

from gateway.errors import DeviceDemotedError, DeviceTimeoutError, GatewayError
from gateway.model.bus_health import AddressState
from gateway.model.bus_spec import BusSpec
from gateway.model.readings import ProtocolKind
from gateway.simulator.faults import FaultKind
from gateway.streaming.clock import SystemClock
from gateway.wire.admission import PlannedUse
from gateway.wire.bus import SharedModbusBus
from tests.wire.conftest import StartLine
from tests.wire.scripted_slave import Asked, Script, ScriptedSlave, echo, registers, rtu, scripted_slave

READ, ECHO = 4, 8
StartSlave = Callable[..., AbstractAsyncContextManager[tuple[ScriptedSlave, SharedModbusBus]]]


@pytest.fixture
def slave_on_bus(clock: SystemClock) -> StartSlave:
    @asynccontextmanager
    async def start(script: Script, **spec: Any) -> AsyncIterator[tuple[ScriptedSlave, SharedModbusBus]]:
        async with scripted_slave(script) as slave:
            options = {"idle_gap_ms": 2, "timeout_s": 0.15, "attempts": 3, "turnaround_ms": 10} | spec
            bus = SharedModbusBus(
                "line",
                BusSpec(f"socket://127.0.0.1:{slave.port}", ProtocolKind.MODBUS_RTU, **options),
                clock,
            )
            yield slave, bus
            await bus.aclose()

    return start


async def test_a_late_answer_is_never_taken_for_the_next_one(slave_on_bus: StartSlave) -> None:
    """Every read gets the number of its own request; the first answer of each pair comes after the timeout."""
    number = count(1)
    late = True

    def script(asked: Asked) -> list[tuple[float, bytes]]:
        nonlocal late
        if asked.function == ECHO:
            return [(0, echo(asked))]
        late = not late
        return [(0 if late else 0.2, registers(asked, next(number)))]

    async with slave_on_bus(script) as (slave, bus):
        for _ in range(4):
            exchange = await bus.read_input_registers(30, 0, 2)
            asked = sum(request.function == READ for request in slave.asked)
            assert exchange.values == (asked, asked)
        health = bus.address_health(30)
        assert (health.timeouts, health.retries) == (4, 4)
        assert health.strays == 4
        assert health.probes == 5  # the first one while all was well


async def test_an_instrument_without_echo_is_given_time_until_nothing_can_be_late(slave_on_bus: StartSlave) -> None:
    number = count(1)

    def script(asked: Asked) -> list[tuple[float, bytes]]:
        if asked.function == ECHO:
            return []
        value = next(number)
        return [(0.2 if value == 1 else 0, registers(asked, value))]

    async with slave_on_bus(script, timeout_s=0.12) as (slave, bus):
        assert (await bus.read_input_registers(30, 0, 2)).values == (2, 2)
        assert [request.function for request in slave.asked] == [ECHO, READ, ECHO, READ]
        assert (await bus.read_input_registers(30, 0, 2)).values == (3, 3)
        assert [request.function for request in slave.asked[4:]] == [ECHO, READ]
        assert (await bus.read_input_registers(30, 0, 2)).values == (4, 4)
        assert [request.function for request in slave.asked[6:]] == [READ]


async def test_an_answer_from_another_address_or_to_another_question_is_thrown_away(slave_on_bus: StartSlave) -> None:
    def script(asked: Asked) -> list[tuple[float, bytes]]:
        if asked.function == ECHO:
            return [(0, echo(asked))]
        other = Asked(99, asked.function, asked.first, asked.second)
        shorter = Asked(asked.unit, READ, 0, asked.second - 1)
        return [(0, registers(other, 1)), (0.03, registers(shorter, 2)), (0.03, registers(asked, 3))]

    async with slave_on_bus(script) as (_, bus):
        assert (await bus.read_input_registers(30, 0, 2)).values == (3, 3)
        assert bus.address_health(30).strays == 2


async def test_an_answer_in_pieces_is_one_answer(slave_on_bus: StartSlave) -> None:
    def script(asked: Asked) -> list[tuple[float, bytes]]:
        whole = echo(asked) if asked.function == ECHO else registers(asked, 7)
        return [(0.005, whole[place : place + 1]) for place in range(len(whole))]

    async with slave_on_bus(script) as (_, bus):
        assert (await bus.read_input_registers(30, 0, 4)).values == (7, 7, 7, 7)


async def test_a_serial_server_that_heard_nothing_is_a_timeout_of_the_address(slave_on_bus: StartSlave) -> None:
    async with slave_on_bus(lambda asked: [(0, rtu(asked.unit, bytes([asked.function | 0x80, 11])))]) as (_, bus):
        with pytest.raises(DeviceTimeoutError, match="gateway target failed to respond"):
            await bus.read_input_registers(30, 0, 2)
        assert bus.address_health(30).gateway_failures >= 1


async def test_a_demoted_address_is_back_with_its_next_turn(
    start_line: StartLine, clock: SystemClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "gateway.wire.bus")
    async with start_line(ProtocolKind.MODBUS_RTU, serial=True, spec={"timeout_s": 0.3, "attempts": 2}) as wired:
        use = PlannedUse(0.5, 0.5)
        bus = SharedModbusBus("line", wired.spec, clock, planned={30: use, 31: use})
        instrument, health = wired.line.instruments[30], bus.address_health(30)
        try:
            for _ in range(3):
                instrument.switch_on(FaultKind.SILENT)
                for _ in range(4):
                    with pytest.raises((DeviceTimeoutError, DeviceDemotedError)):
                        await bus.read_input_registers(30, 0, 2)
                    assert (await bus.read_input_registers(31, 0, 2)).values
                assert health.state is AddressState.DEMOTED
                instrument.clear_faults()
                with suppress(DeviceDemotedError):  # it may have been asked a moment ago
                    await bus.read_input_registers(30, 0, 2)
                await clock.sleep_until(clock.monotonic_ns() + round(use.period_s * 1e9))
                assert (await bus.read_input_registers(30, 0, 2)).values
                assert health.state is AddressState.UP
            assert health.demotions == 3
        finally:
            await bus.aclose()
    told = [record.getMessage().partition(":")[0] for record in caplog.records if "address 30" in record.getMessage()]
    assert told == ["address 30 is set aside for the sake of the others", "address 30 answers again"] * 3


async def test_an_address_that_has_the_wire_to_itself_is_always_asked(start_line: StartLine) -> None:
    async with start_line(ProtocolKind.MODBUS_RTU, serial=True, spec={"timeout_s": 0.03}) as wired:
        wired.line.instruments[30].switch_on(FaultKind.SILENT)
        for _ in range(5):
            with pytest.raises(DeviceTimeoutError) as failure:
                await wired.bus.read_input_registers(30, 0, 2)
            assert not isinstance(failure.value, DeviceDemotedError)
        wired.line.instruments[30].clear_faults()
        assert (await wired.bus.read_input_registers(30, 0, 2)).values


async def test_a_slow_address_rests_instead_of_holding_up_the_others(slave_on_bus: StartSlave) -> None:
    def script(asked: Asked) -> list[tuple[float, bytes]]:
        answer = echo(asked) if asked.function == ECHO else registers(asked, asked.unit)
        return [(0.5 if asked.unit == 30 else 0, answer)]

    async with slave_on_bus(script, timeout_s=0.7, attempts=1) as (_, bus):
        await bus.read_input_registers(31, 0, 2)
        with anyio.fail_after(20), pytest.raises(DeviceDemotedError, match="too slow for its neighbours"):
            while True:
                await bus.read_input_registers(30, 0, 2)
                assert bus.address_health(30).state is AddressState.DEGRADED
        assert (await bus.read_input_registers(31, 0, 2)).values == (31, 31)


async def test_a_cancelled_request_leaves_no_answer_behind(slave_on_bus: StartSlave) -> None:
    number = count(1)

    def script(asked: Asked) -> list[tuple[float, bytes]]:
        if asked.function == ECHO:
            return [(0, echo(asked))]
        return [(0.05, registers(asked, next(number)))]

    async with slave_on_bus(script) as (_, bus):
        with anyio.move_on_after(0.02) as scope:
            await bus.read_input_registers(30, 0, 2)
        assert scope.cancelled_caught
        assert (await bus.read_input_registers(30, 0, 2)).values == (2, 2)


async def test_errors_of_every_kind_name_bus_and_address(slave_on_bus: StartSlave) -> None:
    async with slave_on_bus(lambda _: [], attempts=1, timeout_s=0.05) as (slave, bus):
        with pytest.raises(
            GatewayError, match=rf"bus line \(socket://127.0.0.1:{slave.port}\), address 30, function 04"
        ):
            await bus.read_input_registers(30, 0, 2)


@pytest.mark.parametrize("wrong", ["silence", "address", "value"])
@pytest.mark.parametrize("several", [False, True], ids=["06", "16"])
async def test_a_write_is_sent_once_and_only_its_own_echo_will_do(
    slave_on_bus: StartSlave, wrong: str, several: bool
) -> None:
    """What repeats another address, value or count is no answer; whoever asked has to look what became of it."""

    def script(asked: Asked) -> list[tuple[float, bytes]]:
        if asked.function == ECHO:
            return [(0, echo(asked))]
        if wrong == "silence":
            return []
        first, second = asked.first + (wrong == "address"), asked.second + (wrong == "value")
        return [(0, rtu(asked.unit, struct.pack(">BHH", asked.function, first, second)))]

    async with slave_on_bus(script) as (slave, bus):
        with pytest.raises(DeviceTimeoutError):
            await (bus.write_registers(30, 7, [1, 2]) if several else bus.write_register(30, 7, 55))
        assert [asked.function for asked in slave.asked if asked.function != ECHO] == [16 if several else 6]
        assert bus.address_health(30).retries == 0
