"""Masters written by others: mbpoll (libmodbus) and pymodbus, over terminals and sockets."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from pymodbus import FramerType
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient

from gateway.model.readings import ProtocolKind
from gateway.simulator import FaultKind, Simulator, SimulatorSettings, running

Build = Callable[..., SimulatorSettings]
Client = AsyncModbusSerialClient | AsyncModbusTcpClient
UNIT = 30

MASTERS = {
    "rtu-pty": (ProtocolKind.MODBUS_RTU, True, FramerType.RTU),
    "ascii-pty": (ProtocolKind.MODBUS_ASCII, True, FramerType.ASCII),
    "rtu-tcp": (ProtocolKind.MODBUS_RTU, False, FramerType.RTU),
    "tcp": (ProtocolKind.MODBUS_TCP, False, FramerType.SOCKET),
}
masters = pytest.mark.parametrize(("protocol", "pty", "framer"), MASTERS.values(), ids=MASTERS)


@asynccontextmanager
async def pymodbus_on(simulator: Simulator, framer: FramerType) -> AsyncIterator[Client]:
    line = simulator.lines["line"]
    client: Client
    if line.port is None:
        client = AsyncModbusSerialClient(line.endpoint, framer=framer, baudrate=19200, retries=0, timeout=5)
    else:
        client = AsyncModbusTcpClient("127.0.0.1", port=line.port, framer=framer, retries=0, timeout=5)
    assert await client.connect()
    try:
        yield client
    finally:
        client.close()


@masters
async def test_pymodbus_every_function(
    protocol: ProtocolKind, pty: bool, framer: FramerType, one_line: Build, real_clock: Any, modbus_vectors: Any
) -> None:
    settings = one_line(protocol, pty=pty, baudrate=19200)
    async with running(settings, real_clock) as simulator, pymodbus_on(simulator, framer) as client:
        bank = {int(key): int(value, 16) for key, value in modbus_vectors["_bank"]["input_registers"].items()}
        registers = await client.read_input_registers(0, count=70, device_id=UNIT)
        assert registers.registers == [bank.get(index, 0) for index in range(70)]
        assert client.convert_from_registers(registers.registers[:2], client.DATATYPE.FLOAT32) == pytest.approx(20.378)

        simulator.instrument("line").switch_on(FaultKind.ALARM_2, "I1")
        discretes = await client.read_discrete_inputs(0, count=80, device_id=UNIT)
        assert [index for index, bit in enumerate(discretes.bits[:80]) if bit] == [5]
        assert not any((await client.read_discrete_inputs(1000, count=16, device_id=UNIT)).bits)

        assert not (await client.write_coil(0, True, device_id=UNIT)).isError()
        assert (await client.read_coils(0, count=1, device_id=UNIT)).bits[0] is True
        assert (await client.read_discrete_inputs(1008, count=2, device_id=UNIT)).bits[:2] == [True, False]
        assert not (await client.write_coils(0, [False, True, False, True], device_id=UNIT)).isError()
        assert (await client.read_coils(0, count=9, device_id=UNIT)).bits[:9] == [0, 1, 0, 1, 0, 0, 0, 0, 0]

        echo = await client.diag_query_data(b"\xab\xcd", device_id=UNIT)
        assert echo.message == b"\xab\xcd"
        assert (await client.read_input_registers(100, count=1, device_id=UNIT)).exception_code == 2
        assert (await client.read_holding_registers(0, count=1, device_id=UNIT)).exception_code == 1


@masters
async def test_pymodbus_reopens(
    protocol: ProtocolKind, pty: bool, framer: FramerType, one_line: Build, real_clock: Any
) -> None:
    async with running(one_line(protocol, pty=pty), real_clock) as simulator:
        for _ in range(5):
            async with pymodbus_on(simulator, framer) as client:
                assert not (await client.read_input_registers(0, count=70, device_id=UNIT)).isError()


@pytest.mark.parametrize("pty", [True, False], ids=["rtu-pty", "tcp"])
async def test_mbpoll(pty: bool, one_line: Build, real_clock: Any, program: Callable[[str], str]) -> None:
    program("mbpoll")
    settings = one_line(ProtocolKind.MODBUS_RTU if pty else ProtocolKind.MODBUS_TCP, pty=pty, baudrate=19200)
    async with running(settings, real_clock) as simulator:
        line = simulator.lines["line"]
        target = ["-m", "rtu", "-b", "19200", "-P", "none", line.endpoint]
        if not pty:
            target = ["-m", "tcp", "-p", str(line.port), "127.0.0.1"]

        async def mbpoll(*options: str, values: tuple[str, ...] = (), check: bool = True) -> dict[int, str]:
            command = ["mbpoll", "-1", "-0", "-o", "5", "-a", str(UNIT), *options, *target, *values]
            with anyio.fail_after(20):
                done = await anyio.run_process(command, check=check)
            text = (done.stdout + done.stderr).decode()
            return {int(key): value for key, value in re.findall(r"^\[(\d+)\]:\s+(.*)$", text, re.MULTILINE)} | (
                {} if done.returncode == 0 else {-1: text}
            )

        values = await mbpoll("-t", "3:float", "-B", "-r", "0", "-c", "1")
        assert values == {0: "20.378"}
        registers = await mbpoll("-t", "3:hex", "-r", "0", "-c", "70")
        assert (registers[16], registers[17]) == ("0x434F", "0x8220")
        simulator.instrument("line").switch_on(FaultKind.FAULT, "I2")
        bits = await mbpoll("-t", "1", "-r", "0", "-c", "80")
        assert [index for index, bit in bits.items() if bit == "1"] == [8]

        await mbpoll("-t", "0", "-r", "0", values=("1",))
        assert (await mbpoll("-t", "0", "-r", "0", "-c", "1")) == {0: "1"}
        assert simulator.instrument("line").state().analyser.groups[0].calibrating
        await mbpoll("-t", "0", "-r", "0", values=("0", "0", "1", "0"))
        assert (await mbpoll("-t", "0", "-r", "0", "-c", "9"))[2] == "1"
        refused = await mbpoll("-t", "3", "-r", "100", "-c", "1", check=False)
        assert "Illegal data address" in refused[-1]
