"""The shared Modbus bus against a simulated line, in every framing."""

from __future__ import annotations

import anyio
import pytest

from gateway.capture.events import CapturedEvent, EventKind
from gateway.capture.exchanges import exchanges
from gateway.capture.modbus_meaning import Outcome, meaning
from gateway.errors import DamagedAnswerError, DeviceRefusedError, DeviceTimeoutError, LinkError
from gateway.model.bus_spec import BusSpec
from gateway.model.readings import ProtocolKind
from gateway.simulator import BankSettings, BankTable, CellSettings
from gateway.simulator.faults import FaultKind
from gateway.simulator.modbus_line import ModbusLine
from gateway.simulator.signals import Constant
from gateway.streaming.clock import SystemClock
from gateway.wire.bus import SharedModbusBus
from gateway.wire.tap import WireEvent, WireEventKind, WireTap
from tests.wire.conftest import StartLine

WIRES = [
    pytest.param(ProtocolKind.MODBUS_RTU, True, id="rtu-serial"),
    pytest.param(ProtocolKind.MODBUS_ASCII, True, id="ascii-serial"),
    pytest.param(ProtocolKind.MODBUS_TCP, False, id="tcp"),
    pytest.param(ProtocolKind.MODBUS_RTU, False, id="rtu-over-tcp"),
    pytest.param(ProtocolKind.MODBUS_ASCII, False, id="ascii-over-tcp"),
]


@pytest.mark.parametrize(("protocol", "serial"), WIRES)
async def test_every_function_in_every_framing(start_line: StartLine, protocol: ProtocolKind, serial: bool) -> None:
    async with start_line(protocol, serial=serial) as wired:
        bus = wired.bus
        registers = await bus.read_input_registers(30, 0, 70)
        assert registers.values[:2] == (0x41A3, 0x0625)
        assert len(registers.values) == 70
        assert registers.requested.monotonic_ns <= registers.received.monotonic_ns
        assert registers.raw
        bits = await bus.read_discrete_inputs(30, 1000, 16)
        assert bits.values == (0,) * 16
        assert (await bus.echo(30, b"\xab\xcd")).values == (0xABCD,)
        assert (await bus.write_coil(30, 0, on=True)).values == (1,)
        assert (await bus.read_coils(30, 0, 3)).values == (1, 0, 0)
        with pytest.raises(DeviceRefusedError, match="illegal data address") as refused:
            await bus.read_input_registers(30, 100, 1)
        assert refused.value.code == 2
        assert "address 30, function 04 at 100" in str(refused.value)


BANK = BankSettings(9, tuple(CellSettings(BankTable.HOLDING, 40 + place, signal=Constant(place)) for place in range(5)))


@pytest.mark.parametrize(("protocol", "serial"), WIRES)
async def test_holding_registers_in_every_framing(start_line: StartLine, protocol: ProtocolKind, serial: bool) -> None:
    async with start_line(protocol, serial=serial, banks=(BANK,)) as wired:
        bus = wired.bus
        assert (await bus.read_holding_registers(9, 40, 5)).values == (0, 1, 2, 3, 4)
        written = await bus.write_register(9, 41, 0xBEEF)
        assert written.values == (0xBEEF,)
        assert written.raw
        assert (await bus.write_registers(9, 42, [0xFFFF, 7])).values == (0xFFFF, 7)
        assert (await bus.read_holding_registers(9, 40, 5)).values == (0, 0xBEEF, 0xFFFF, 7, 4)
        for refused in (
            bus.read_holding_registers(9, 44, 2),
            bus.write_register(9, 45, 1),
            bus.write_registers(9, 44, [1, 2]),
        ):
            with pytest.raises(DeviceRefusedError, match="illegal data address"):
                await refused
        assert (await bus.read_holding_registers(9, 44, 1)).values == (4,)


@pytest.mark.parametrize(("protocol", "serial"), WIRES)
async def test_a_capture_of_holding_registers_says_what_was_read_and_written(
    start_line: StartLine, protocol: ProtocolKind, serial: bool, clock: SystemClock
) -> None:
    events: list[CapturedEvent] = []

    def listen(event: WireEvent) -> None:
        kind = EventKind.SENT if event.kind is WireEventKind.SENT else EventKind.RECEIVED
        if event.data:
            events.append(CapturedEvent(kind, event.stamp.unix_us, event.stamp.monotonic_ns // 1000, event.data))

    async with start_line(protocol, serial=serial, banks=(BANK,)) as wired:
        tap = WireTap()
        bus = SharedModbusBus("line", wired.spec, clock, tap)
        with tap.attached(listen):
            await bus.read_holding_registers(9, 40, 2)
            await bus.write_register(9, 41, 513)
            await bus.write_registers(9, 42, [7, 8, 9])
        await bus.aclose()
    found = [said for said in (meaning(protocol, each) for each in exchanges(events)) if said.function != 8]
    assert [(said.outcome, said.function, said.address, said.count, said.values) for said in found] == [
        (Outcome.ANSWERED, 3, 40, 2, (0, 1)),
        (Outcome.ANSWERED, 6, 41, 1, (513,)),
        (Outcome.ANSWERED, 16, 42, 3, (3,)),
    ]


async def test_impossible_requests_of_registers_are_never_sent(start_line: StartLine) -> None:
    async with start_line(ProtocolKind.MODBUS_TCP, serial=False, banks=(BANK,)) as wired:
        bus = wired.bus
        await bus.read_holding_registers(9, 40, 1)
        assert isinstance(wired.line.conversation, ModbusLine)
        before = wired.line.conversation.answered
        for impossible in (
            bus.read_holding_registers(9, 0, 126),
            bus.read_holding_registers(9, 65535, 2),
            bus.write_register(9, 0, 65536),
            bus.write_register(9, 65536, 0),
            bus.write_registers(9, 0, []),
            bus.write_registers(9, 0, [0] * 124),
            bus.write_registers(9, 0, [0, -1]),
        ):
            with pytest.raises(ValueError, match="register"):
                await impossible
        assert wired.line.conversation.answered == before
        assert (await bus.read_holding_registers(9, 40, 1)).values == (0,)


@pytest.mark.parametrize(("protocol", "serial"), WIRES)
async def test_a_silent_address_times_out_and_its_neighbour_is_served(
    start_line: StartLine, protocol: ProtocolKind, serial: bool
) -> None:
    async with start_line(protocol, serial=serial, spec={"timeout_s": 0.05}) as wired:
        for _ in range(3):
            with pytest.raises(DeviceTimeoutError, match="address 77"):
                await wired.bus.read_input_registers(77, 0, 7)
            assert (await wired.bus.read_input_registers(31, 0, 2)).values


@pytest.mark.parametrize(("protocol", "serial"), [wire for wire in WIRES if wire.id != "tcp"])
async def test_a_damaged_answer_is_known_before_the_timeout(
    start_line: StartLine, protocol: ProtocolKind, serial: bool
) -> None:
    async with start_line(protocol, serial=serial, spec={"timeout_s": 30, "attempts": 1}) as wired:
        wired.line.instruments[30].switch_on(FaultKind.DAMAGED)
        with anyio.fail_after(10), pytest.raises(DamagedAnswerError):
            await wired.bus.read_input_registers(30, 0, 7)
        wired.line.instruments[30].switch_off(FaultKind.DAMAGED)
        assert len((await wired.bus.read_input_registers(30, 0, 7)).values) == 7


async def test_an_answer_with_another_transaction_number_is_no_answer(start_line: StartLine) -> None:
    async with start_line(ProtocolKind.MODBUS_TCP, serial=False, spec={"timeout_s": 0.05, "attempts": 1}) as wired:
        wired.line.instruments[30].switch_on(FaultKind.DAMAGED)
        with pytest.raises(DeviceTimeoutError):
            await wired.bus.read_input_registers(30, 0, 7)
        assert wired.bus.address_health(30).strays == 1


async def test_the_idle_gap_is_kept_for_the_bus_not_for_each_analyser(start_line: StartLine) -> None:
    async with start_line(
        ProtocolKind.MODBUS_RTU, serial=True, idle_gap_s=0.03, spec={"idle_gap_ms": 30, "attempts": 1}
    ) as wired:

        async def read_often(address: int) -> None:
            for _ in range(10):
                await wired.bus.read_input_registers(address, 0, 7)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(read_often, 30)
            tasks.start_soon(read_often, 31)
        assert wired.line.conversation.ignored == 0  # type: ignore[union-attr]


async def test_a_master_that_keeps_no_gap_loses_requests_so_the_test_above_can_fail(start_line: StartLine) -> None:
    spec = {"idle_gap_ms": 0, "attempts": 1, "timeout_s": 0.05}
    async with start_line(ProtocolKind.MODBUS_RTU, serial=True, idle_gap_s=0.05, spec=spec) as wired:
        with pytest.raises(DeviceTimeoutError):
            await wired.bus.read_input_registers(30, 0, 7)  # comes right after its first echo


async def test_a_lost_connection_is_reported_and_reopened(start_line: StartLine) -> None:
    async with start_line(ProtocolKind.MODBUS_RTU, serial=False) as wired:
        await wired.bus.read_input_registers(30, 0, 2)
        wired.line.drop_clients()
        with pytest.raises((LinkError, DeviceTimeoutError)):
            await wired.bus.read_input_registers(30, 0, 2)
        with anyio.fail_after(5):
            while True:
                try:
                    await wired.bus.read_input_registers(30, 0, 2)
                    break
                except LinkError:
                    await anyio.sleep(0.05)


async def test_a_wire_that_cannot_be_opened_says_where_and_what_to_do(unused_port: int, clock: SystemClock) -> None:
    spec = BusSpec(f"socket://127.0.0.1:{unused_port}", ProtocolKind.MODBUS_TCP, timeout_s=0.2)
    bus = SharedModbusBus("stack", spec, clock)
    with pytest.raises(LinkError, match=rf"bus stack \(socket://127.0.0.1:{unused_port}\).*check the port"):
        await bus.read_coils(1, 0, 1)
    missing = SharedModbusBus("tty", BusSpec("/dev/does-not-exist", ProtocolKind.MODBUS_RTU), clock)
    with pytest.raises(LinkError, match=r"bus tty \(/dev/does-not-exist\)"):
        await missing.read_coils(1, 0, 1)


async def test_a_cancelled_request_leaves_the_bus_usable(start_line: StartLine) -> None:
    async with start_line(ProtocolKind.MODBUS_RTU, serial=True, turnaround_s=0.05) as wired:
        with anyio.move_on_after(0.01) as scope:
            await wired.bus.read_input_registers(30, 0, 70)
        assert scope.cancelled_caught
        assert (await wired.bus.read_input_registers(31, 0, 2)).values == (0x41A3, 0x0625)
