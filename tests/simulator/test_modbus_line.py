"""One Modbus line with real bytes over sockets and terminals."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from anyio.abc import ByteStream, SocketStream

from gateway.model.readings import ProtocolKind
from gateway.simulator import (
    FaultKind,
    InstrumentSettings,
    LineSettings,
    Simulator,
    SimulatorSettings,
    TcpLink,
    running,
)
from gateway.simulator.modbus_line import ModbusLine

Build = Callable[..., SimulatorSettings]
ECHO = bytes.fromhex("1e080000abcd5cc1")
READ_ALL = bytes.fromhex("1e04000000467397")
READ_ALL_ANSWER = 145


@asynccontextmanager
async def connected(simulator: Simulator) -> AsyncIterator[SocketStream]:
    port = simulator.lines["line"].port
    assert port is not None
    async with await anyio.connect_tcp("127.0.0.1", port) as client:
        yield client


async def exactly(client: ByteStream, count: int) -> bytes:
    received = b""
    with anyio.fail_after(10):
        while len(received) < count:
            received += await client.receive()
    return received


def conversation(simulator: Simulator) -> ModbusLine:
    line = simulator.lines["line"].conversation
    assert isinstance(line, ModbusLine)
    return line


async def until(condition: Callable[[], bool]) -> None:
    with anyio.fail_after(10):
        while not condition():
            await anyio.lowlevel.checkpoint()


@pytest.mark.parametrize(
    ("key", "protocol"),
    [
        ("rtu_over_tcp", ProtocolKind.MODBUS_RTU),
        ("ascii", ProtocolKind.MODBUS_ASCII),
        ("tcp", ProtocolKind.MODBUS_TCP),
    ],
)
async def test_vectors_over_tcp(
    key: str, protocol: ProtocolKind, modbus_vectors: dict[str, Any], one_line: Build, real_clock: Any
) -> None:
    as_bytes = str.encode if key == "ascii" else bytes.fromhex
    async with running(one_line(protocol), real_clock) as simulator, connected(simulator) as client:
        for vector in modbus_vectors[key]:
            await client.send(as_bytes(vector["request"]))
            answer = as_bytes(vector["response"])
            assert await exactly(client, len(answer)) == answer, vector["op"]
        assert conversation(simulator).answered == len(modbus_vectors[key])


@pytest.mark.parametrize(("key", "protocol"), [("rtu", ProtocolKind.MODBUS_RTU), ("ascii", ProtocolKind.MODBUS_ASCII)])
async def test_vectors_over_a_terminal(
    key: str, protocol: ProtocolKind, modbus_vectors: dict[str, Any], one_line: Build, real_clock: Any
) -> None:
    as_bytes = str.encode if key == "ascii" else bytes.fromhex
    async with running(one_line(protocol, pty=True), real_clock) as simulator:
        terminal = os.open(simulator.lines["line"].endpoint, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            for vector in modbus_vectors[key]:
                os.write(terminal, as_bytes(vector["request"]))
                answer, received = as_bytes(vector["response"]), b""
                with anyio.fail_after(10):
                    while len(received) < len(answer):
                        await anyio.wait_readable(terminal)
                        received += os.read(terminal, 1024)
                assert received == answer, vector["op"]
        finally:
            os.close(terminal)


async def test_delivery_times_of_an_answer(clock: Any, one_line: Build) -> None:
    settings = one_line(ProtocolKind.MODBUS_RTU, baudrate=19200, turnaround_s=0.025)
    async with running(settings, clock) as simulator, connected(simulator) as client:
        asked_ns = clock.now_ns
        await client.send(READ_ALL)
        await exactly(client, READ_ALL_ANSWER)
    byte_ns = 10 / 19200 * 1e9
    turnaround_over = asked_ns + 8 * byte_ns + 25e6
    assert clock.slept[0] == pytest.approx(turnaround_over, abs=2)
    expected = [turnaround_over + byte_ns * min(16 * piece, READ_ALL_ANSWER) for piece in range(1, 11)]
    assert clock.slept[1:] == pytest.approx(expected, abs=2)


async def test_a_tcp_gateway_hands_on_whole_answers(clock: Any, one_line: Build) -> None:
    settings = one_line(ProtocolKind.MODBUS_TCP, baudrate=9600)
    async with running(settings, clock) as simulator, connected(simulator) as client:
        await client.send(bytes.fromhex("0001000000061e0400000046"))
        await exactly(client, 149)
    assert len(clock.slept) == 2


async def test_answers_are_never_faster_than_physics(real_clock: Any, one_line: Build) -> None:
    settings = one_line(ProtocolKind.MODBUS_RTU, baudrate=19200, turnaround_s=0.025)
    async with running(settings, real_clock) as simulator, connected(simulator) as client:
        begin = time.monotonic()
        await client.send(READ_ALL)
        await exactly(client, READ_ALL_ANSWER)
        assert time.monotonic() - begin >= (8 + READ_ALL_ANSWER) * 10 / 19200 + 0.025 - 0.001


async def test_requests_without_the_idle_gap_are_ignored_and_counted(clock: Any, one_line: Build) -> None:
    settings = one_line(ProtocolKind.MODBUS_RTU, idle_gap_s=0.05)
    async with running(settings, clock) as simulator, connected(simulator) as client:
        line = conversation(simulator)
        await client.send(ECHO + ECHO)
        assert await exactly(client, 8) == ECHO
        await until(lambda: line.ignored == 1)
        clock.advance(0.04)
        await client.send(ECHO)
        await until(lambda: line.ignored == 2)
        clock.advance(0.05)
        await client.send(READ_ALL)
        assert len(await exactly(client, READ_ALL_ANSWER)) == READ_ALL_ANSWER
        assert (line.answered, line.ignored) == (2, 2)


async def test_several_instruments_share_a_line(one_line: Build, real_clock: Any) -> None:
    settings = one_line(
        ProtocolKind.MODBUS_RTU, instruments=(InstrumentSettings(address=30), InstrumentSettings(address=31))
    )
    async with running(settings, real_clock) as simulator, connected(simulator) as client:
        simulator.instrument("line", 31).switch_on(FaultKind.ALARM_1, "I1")
        await client.send(bytes.fromhex("1e0200000008") + _crc("1e0200000008"))
        assert (await exactly(client, 6))[:4] == bytes.fromhex("1e020100")
        await client.send(bytes.fromhex("1f0200000008") + _crc("1f0200000008"))
        assert (await exactly(client, 6))[:4] == bytes.fromhex("1f020110")


async def test_strangers_damage_and_broadcasts_get_no_answer(one_line: Build, real_clock: Any) -> None:
    async with (
        running(one_line(ProtocolKind.MODBUS_RTU), real_clock) as simulator,
        connected(simulator) as client,
    ):
        await client.send(bytes.fromhex("050400000046") + _crc("050400000046"))
        await client.send(READ_ALL[:-1] + b"\0")
        await client.send(bytes.fromhex("00050000ff00") + _crc("00050000ff00"))
        coils = simulator.instrument("line").coils
        await until(lambda: coils.values[0])
        await client.send(ECHO)
        assert await exactly(client, 8) == ECHO
        assert conversation(simulator).answered == 1


async def test_unknown_function_is_refused_once_the_line_is_silent(one_line: Build, real_clock: Any) -> None:
    async with (
        running(one_line(ProtocolKind.MODBUS_RTU), real_clock) as simulator,
        connected(simulator) as client,
    ):
        await client.send(bytes.fromhex("1e2b0e0100") + _crc("1e2b0e0100"))
        assert (await exactly(client, 5))[:3] == bytes.fromhex("1eab01")


async def test_silent_and_damaged_instruments(one_line: Build, real_clock: Any) -> None:
    async with (
        running(one_line(ProtocolKind.MODBUS_RTU), real_clock) as simulator,
        connected(simulator) as client,
    ):
        instrument = simulator.instrument("line")
        instrument.switch_on(FaultKind.DAMAGED)
        await client.send(ECHO)
        damaged = await exactly(client, 8)
        assert (damaged != ECHO, len(damaged)) == (True, 8)
        instrument.switch_off(FaultKind.DAMAGED)
        instrument.switch_on(FaultKind.SILENT)
        await client.send(ECHO)
        with anyio.move_on_after(0.1) as waited:
            await client.receive()
        assert waited.cancelled_caught
        instrument.clear_faults()
        await client.send(ECHO)
        assert await exactly(client, 8) == ECHO


async def test_a_slow_instrument_leaves_the_line_to_others_and_answers_in_order(
    clock: Any, real_clock: Any, one_line: Build
) -> None:
    settings = one_line(
        ProtocolKind.MODBUS_RTU,
        instruments=(InstrumentSettings(address=30, slow_s=0.7), InstrumentSettings(address=31)),
    )
    neighbour = bytes.fromhex("1f080000abcd") + _crc("1f080000abcd")
    second = bytes.fromhex("1e0800001234") + _crc("1e0800001234")
    async with running(settings, clock) as simulator, connected(simulator) as client:
        instrument = simulator.instrument("line", 30)
        instrument.switch_on(FaultKind.SLOW)
        asked_ns = clock.now_ns
        await client.send(ECHO)
        assert await exactly(client, 8) == ECHO
        assert clock.now_ns - asked_ns >= 0.7e9
    async with running(settings, real_clock) as simulator, connected(simulator) as client:
        instrument = simulator.instrument("line", 30)
        instrument.switch_on(FaultKind.SLOW)
        await client.send(ECHO)
        await client.send(neighbour)
        assert await exactly(client, 8) == neighbour
        instrument.switch_off(FaultKind.SLOW)
        await client.send(second)
        assert await exactly(client, 16) == ECHO + second


async def test_clients_take_turns_on_the_wire(one_line: Build, clock: Any) -> None:
    settings = one_line(ProtocolKind.MODBUS_RTU, baudrate=19200)
    async with (
        running(settings, clock) as simulator,
        connected(simulator) as first,
        connected(simulator) as second,
        anyio.create_task_group() as tasks,
    ):
        for client in (first, second):
            await client.send(READ_ALL)

        async def read(client: SocketStream) -> None:
            assert (await exactly(client, READ_ALL_ANSWER))[:3] == b"\x1e\x04\x8c"

        tasks.start_soon(read, first)
        tasks.start_soon(read, second)
    assert clock.slept == sorted(clock.slept)
    both_answers_ns = 2 * READ_ALL_ANSWER * 10 / 19200 * 1e9
    assert clock.slept[-1] - clock.slept[0] >= both_answers_ns - 2


async def test_a_wrong_peer_of_modbus_tcp_is_disconnected(one_line: Build, real_clock: Any) -> None:
    async with running(one_line(ProtocolKind.MODBUS_TCP), real_clock) as simulator:
        async with connected(simulator) as client:
            await client.send(b"GET / HTTP/1.1\r\n\r\n")
            with anyio.fail_after(10), pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):
                await client.receive()
        async with connected(simulator) as client:
            await client.send(bytes.fromhex("0004000000061e080000abcd"))
            assert (await exactly(client, 12)).hex() == "0004000000061e080000abcd"


async def test_dropped_clients_may_come_back(one_line: Build, real_clock: Any) -> None:
    async with running(one_line(ProtocolKind.MODBUS_RTU), real_clock) as simulator:
        for _ in range(3):
            async with connected(simulator) as client:
                await client.send(ECHO)
                assert await exactly(client, 8) == ECHO
                simulator.lines["line"].drop_clients()
                with anyio.fail_after(10), pytest.raises(anyio.EndOfStream):
                    await client.receive()


async def test_two_lines_get_two_ports(real_clock: Any) -> None:
    lines = tuple(LineSettings(name, TcpLink(), ProtocolKind.MODBUS_TCP) for name in ("a", "b"))
    async with running(SimulatorSettings(lines), real_clock) as simulator:
        ports = {line.port for line in simulator.lines.values()}
        assert len(ports) == 2
        assert None not in ports
        assert simulator.lines["a"].endpoint == f"127.0.0.1:{simulator.lines['a'].port}"


def _crc(text: str) -> bytes:
    from gateway.simulator.rtu_framing import crc16

    return crc16(bytes.fromhex(text)).to_bytes(2, "little")
