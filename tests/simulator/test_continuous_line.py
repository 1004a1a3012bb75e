"""Continuous frames over sockets and terminals."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import anyio
import pytest
from anyio.abc import SocketStream

from gateway.model.readings import ProtocolKind
from gateway.simulator import FaultKind, LineSettings, Simulator, SimulatorSettings, TcpLink, running
from gateway.simulator.continuous_line import ContinuousLine
from gateway.simulator.instrument import Instrument
from gateway.simulator.settings import InstrumentSettings

Build = Callable[..., SimulatorSettings]
FRAME = 206


async def connect(simulator: Simulator) -> SocketStream:
    port = simulator.lines["line"].port
    assert port is not None
    return await anyio.connect_tcp("127.0.0.1", port)


def intact(line: bytes) -> bool:
    body, carried = line[1:-6], line[-6:]
    return len(line) == FRAME - 1 and carried == f"{sum(body) & 0xFFFF:04X};\r".encode()


async def frames(client: SocketStream, count: int, *, wanted: Callable[[bytes], bool] = intact) -> list[bytes]:
    received = b""
    with anyio.fail_after(10):
        while True:
            received += await client.receive()
            found = [line for line in received.split(b"\n")[:-1] if wanted(line)]
            if len(found) >= count:
                return found[:count]


async def test_every_client_gets_the_frames(one_line: Build, real_clock: Any) -> None:
    settings = one_line(ProtocolKind.CONTINUOUS, interval_s=0.05)
    async with (
        running(settings, real_clock) as simulator,
        await connect(simulator) as first,
        await connect(simulator) as second,
    ):
        await first.send(b"nobody listens to this\r\n")
        for client in (first, second):
            for frame in await frames(client, 3):
                assert frame[19:40] == b"  ;S1S1S1S1;05;I1;Oxy"


async def test_a_client_that_leaves_or_does_not_read_disturbs_nobody(one_line: Build, real_clock: Any) -> None:
    settings = one_line(ProtocolKind.CONTINUOUS, interval_s=0.02)
    async with (
        running(settings, real_clock) as simulator,
        await connect(simulator),
        await connect(simulator) as reader,
    ):
        async with await connect(simulator) as leaver:
            await frames(leaver, 1)
        await frames(reader, 10)


async def test_delivery_times_of_frames(clock: Any) -> None:
    settings = LineSettings("line", TcpLink(), ProtocolKind.CONTINUOUS, interval_s=1)
    line = ContinuousLine(settings, Instrument(InstrumentSettings(), clock), clock)
    begin = clock.now_ns
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(line.run)
        while line.sent < 3:
            await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    per_frame = 1 + 13
    starts = clock.slept[0 : 3 * per_frame : per_frame]
    ends = clock.slept[per_frame - 1 : 3 * per_frame : per_frame]
    assert starts == [begin, begin + 1_000_000_000, begin + 2_000_000_000]
    on_wire = FRAME * 10 / 19200 * 1e9
    assert [end - start for start, end in zip(starts, ends, strict=True)] == pytest.approx([on_wire] * 3, abs=2)


async def test_frames_longer_than_the_interval_skip_turns(clock: Any) -> None:
    settings = LineSettings("line", TcpLink(), ProtocolKind.CONTINUOUS, interval_s=0.5, baudrate=2400)
    line = ContinuousLine(settings, Instrument(InstrumentSettings(), clock), clock)
    begin = clock.now_ns
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(line.run)
        while line.sent < 2:
            await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    assert clock.slept[14] == begin + 1_000_000_000


async def test_interval_zero_sends_nothing(clock: Any) -> None:
    settings = LineSettings("line", TcpLink(), ProtocolKind.CONTINUOUS, interval_s=0)
    line = ContinuousLine(settings, Instrument(InstrumentSettings(), clock), clock)
    with anyio.move_on_after(0.05) as waited:
        await line.run()
    assert waited.cancelled_caught
    assert (line.sent, clock.slept) == (0, [])


async def test_silence_and_damage(one_line: Build, real_clock: Any) -> None:
    settings = one_line(ProtocolKind.CONTINUOUS, interval_s=0.02)
    async with running(settings, real_clock) as simulator, await connect(simulator) as client:
        instrument = simulator.instrument("line")
        instrument.switch_on(FaultKind.DAMAGED)
        await frames(client, 1, wanted=lambda line: len(line) == FRAME - 1 and not intact(line))
        instrument.switch_off(FaultKind.DAMAGED)
        await frames(client, 1)
        instrument.switch_on(FaultKind.SILENT)
        line = simulator.lines["line"].conversation
        assert isinstance(line, ContinuousLine)
        sent = line.sent
        await anyio.sleep(0.1)
        assert line.sent <= sent + 1, "a frame may have been on the wire"
        instrument.clear_faults()
        await frames(client, 1)


async def test_frames_over_a_terminal(one_line: Build, real_clock: Any) -> None:
    settings = one_line(ProtocolKind.CONTINUOUS, pty=True, interval_s=0.05)
    async with running(settings, real_clock) as simulator:
        for _ in range(3):
            terminal = os.open(simulator.lines["line"].endpoint, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            try:
                received = b""
                with anyio.fail_after(10):
                    while not any(map(intact, received.split(b"\n"))):
                        await anyio.wait_readable(terminal)
                        received += os.read(terminal, 4096)
            finally:
                os.close(terminal)
