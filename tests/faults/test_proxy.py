"""Every fault of the proxy really happens: the test holds both ends of the wire."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import anyio
import pytest
from anyio.abc import SocketAttribute, SocketStream

from gateway.model.bus_spec import Link, LinkKind
from gateway.model.readings import ProtocolKind
from gateway.simulator.framing import Request
from gateway.simulator.rtu_framing import RtuFraming
from tests.faults.frames import with_address
from tests.faults.gateway_ends import SerialEnd, TcpEnd
from tests.faults.proxy import Direction, FaultProxy, fault_proxy
from tests.faults.wire_faults import (
    Delay,
    Drop,
    Duplicate,
    Garble,
    Merge,
    Noise,
    OnAddress,
    OneBehind,
    Split,
    Stall,
    WireFault,
    WrongAddress,
)

RTU = ProtocolKind.MODBUS_RTU


def frame(unit: int, pdu: str) -> bytes:
    return RtuFraming().encode(Request(unit, b""), bytes.fromhex(pdu))


REQUEST = frame(30, "04 0000 0001")
FIRST, SECOND, THIRD = (frame(30, f"04 02 00{number}") for number in ("01", "02", "03"))


class Client(Protocol):
    async def send(self, item: bytes) -> None: ...
    async def receive(self) -> bytes: ...
    async def aclose(self) -> None: ...


class SerialClient:
    """The gateway's side of a serial port."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)

    async def send(self, item: bytes) -> None:
        os.write(self._file, item)

    async def receive(self) -> bytes:
        await anyio.wait_readable(self._file)
        return os.read(self._file, 65536)

    async def aclose(self) -> None:
        os.close(self._file)


class Analyser:
    """Whoever is connected to the analyser's port, newest last."""

    def __init__(self) -> None:
        self.streams: list[SocketStream] = []
        self.arrived = anyio.Event()

    async def attend(self, stream: SocketStream) -> None:
        async with stream:
            self.streams.append(stream)
            self.arrived.set()
            await anyio.sleep_forever()

    async def connected(self) -> SocketStream:
        """The next connection that comes."""
        with anyio.fail_after(10):
            await self.arrived.wait()
        self.arrived = anyio.Event()
        return self.streams[-1]


@dataclass
class Wire:
    proxy: FaultProxy
    end: SerialEnd | TcpEnd
    gateway: Client
    analyser: SocketStream
    line: Analyser

    async def at_gateway(self, count: int) -> bytes:
        return await exactly(self.gateway.receive, count)

    async def at_analyser(self, count: int) -> bytes:
        return await exactly(self.analyser.receive, count)

    async def answer(self, *frames: bytes) -> None:
        """Let the analyser send frames; returns when the proxy has done with them what it does."""
        before = self.proxy.answers.carried
        for each in frames:
            await self.analyser.send(each)
        await caught_up(self.proxy.answers, before + len(frames))

    async def ask(self) -> None:
        before = self.proxy.requests.carried
        await self.gateway.send(REQUEST)
        await caught_up(self.proxy.requests, before + 1)

    async def nothing_at_gateway(self) -> None:
        """A marker put on the wire now is the next thing that comes out of it."""
        await self.proxy.answers.inject(b"marker")
        assert await self.at_gateway(6) == b"marker"


async def caught_up(direction: Direction, count: int) -> None:
    with anyio.fail_after(10):
        while direction.carried < count:
            await anyio.lowlevel.checkpoint()


async def exactly(receive: Callable[[], Awaitable[bytes]], count: int) -> bytes:
    data = b""
    with anyio.fail_after(10):
        while len(data) < count:
            data += await receive()
    assert len(data) == count, data
    return data


async def connect(link: str) -> Client:
    parsed = Link.parse(link)
    if parsed.kind is LinkKind.SERIAL:
        return SerialClient(parsed.path)
    return await anyio.connect_tcp(parsed.host, parsed.port)


@asynccontextmanager
async def wire_between(end: SerialEnd | TcpEnd) -> AsyncIterator[Wire]:
    line = Analyser()
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(SocketAttribute.local_port)
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, line.attend)
        async with fault_proxy(RTU, end, port) as proxy:
            gateway = await connect(proxy.link)
            wire = Wire(proxy, end, gateway, await line.connected(), line)
            yield wire
            await wire.gateway.aclose()
        tasks.cancel_scope.cancel()


@pytest.fixture
async def serial_wire(tmp_path: Path) -> AsyncIterator[Wire]:
    async with wire_between(SerialEnd(tmp_path / "tty")) as wire:
        yield wire


@pytest.fixture
async def tcp_wire() -> AsyncIterator[Wire]:
    with TcpEnd() as end:
        async with wire_between(end) as wire:
            yield wire


@pytest.fixture(params=["serial", "tcp"])
def wire(request: pytest.FixtureRequest) -> Wire:
    found: Wire = request.getfixturevalue(f"{request.param}_wire")
    return found


async def test_without_a_fault_both_directions_pass_unchanged(wire: Wire) -> None:
    await wire.ask()
    assert await wire.at_analyser(len(REQUEST)) == REQUEST
    await wire.answer(FIRST, SECOND)
    assert await wire.at_gateway(2 * len(FIRST)) == FIRST + SECOND


async def test_drop(wire: Wire) -> None:
    await wire.proxy.answers.switch(Drop())
    await wire.answer(FIRST)
    await wire.proxy.answers.switch(WireFault())
    await wire.answer(SECOND)
    assert await wire.at_gateway(len(SECOND)) == SECOND


async def test_a_fault_concerns_its_direction_only(wire: Wire) -> None:
    await wire.proxy.requests.switch(Drop())
    await wire.ask()
    await wire.answer(FIRST)
    assert await wire.at_gateway(len(FIRST)) == FIRST
    await wire.proxy.requests.switch(Duplicate())
    await wire.ask()
    assert await wire.at_analyser(2 * len(REQUEST)) == 2 * REQUEST, "the first one was swallowed"


async def test_delay(wire: Wire) -> None:
    await wire.proxy.answers.switch(Delay(0.05))
    begin = time.monotonic()
    await wire.answer(FIRST, SECOND)
    assert await wire.at_gateway(len(FIRST)) == FIRST
    assert time.monotonic() - begin >= 0.05
    assert await wire.at_gateway(len(SECOND)) == SECOND
    assert time.monotonic() - begin >= 0.1


async def test_duplicate(wire: Wire) -> None:
    await wire.proxy.answers.switch(Duplicate())
    await wire.answer(FIRST)
    assert await wire.at_gateway(2 * len(FIRST)) == 2 * FIRST


async def test_split(wire: Wire) -> None:
    await wire.proxy.answers.switch(Split(0.01))
    await wire.answer(FIRST)
    pieces: list[bytes] = []
    with anyio.fail_after(10):
        while len(b"".join(pieces)) < len(FIRST):
            pieces.append(await wire.gateway.receive())
    assert b"".join(pieces) == FIRST
    assert len(pieces) > 1


async def test_merge(wire: Wire) -> None:
    await wire.proxy.answers.switch(Merge(2))
    await wire.answer(FIRST)
    await wire.nothing_at_gateway()
    await wire.answer(SECOND)
    with anyio.fail_after(10):
        assert await wire.gateway.receive() == FIRST + SECOND
    await wire.answer(THIRD)
    await wire.proxy.answers.switch(WireFault())
    assert await wire.at_gateway(len(THIRD)) == THIRD


async def test_garble(wire: Wire) -> None:
    await wire.proxy.answers.switch(Garble(RTU, seed=1))
    flipped = set()
    for _ in range(10):
        await wire.answer(FIRST)
        arrived = await wire.at_gateway(len(FIRST))
        difference = int.from_bytes(arrived, "big") ^ int.from_bytes(FIRST, "big")
        assert difference.bit_count() == 1
        flipped.add(difference)
    assert len(flipped) > 3


async def test_stall(wire: Wire) -> None:
    await wire.proxy.answers.switch(Stall())
    await wire.answer(FIRST, SECOND)
    await wire.nothing_at_gateway()
    await wire.proxy.answers.switch(WireFault())
    await wire.answer(THIRD)
    assert await wire.at_gateway(3 * len(FIRST)) == FIRST + SECOND + THIRD


async def test_one_answer_behind(wire: Wire) -> None:
    await wire.proxy.answers.switch(OneBehind())
    await wire.ask()
    await wire.answer(FIRST)
    await wire.nothing_at_gateway()
    await wire.ask()
    assert await wire.at_gateway(len(FIRST)) == FIRST
    await wire.answer(SECOND)
    await wire.nothing_at_gateway()
    await wire.proxy.answers.switch(WireFault())
    assert await wire.at_gateway(len(SECOND)) == SECOND


async def test_wrong_address(wire: Wire) -> None:
    await wire.proxy.answers.switch(WrongAddress(RTU, 31))
    await wire.answer(FIRST)
    assert await wire.at_gateway(len(FIRST)) == with_address(RTU, FIRST, 31) != FIRST


async def test_noise(wire: Wire) -> None:
    await wire.proxy.answers.switch(Noise(b"\x00\xff"))
    await wire.answer(FIRST, SECOND)
    assert await wire.at_gateway(2 * len(FIRST) + 4) == b"\x00\xff" + FIRST + b"\x00\xff" + SECOND


async def test_one_address_only(wire: Wire) -> None:
    await wire.proxy.answers.switch(OnAddress(RTU, 31, Drop()))
    await wire.answer(with_address(RTU, FIRST, 31), SECOND)
    assert await wire.at_gateway(len(SECOND)) == SECOND


async def test_what_was_held_for_one_connection_is_not_delivered_to_the_next(tcp_wire: Wire) -> None:
    await tcp_wire.proxy.answers.switch(Stall())
    await tcp_wire.answer(FIRST)
    await tcp_wire.gateway.aclose()
    tcp_wire.gateway = await connect(tcp_wire.proxy.link)
    tcp_wire.analyser = await tcp_wire.line.connected()
    await tcp_wire.answer(SECOND)
    await tcp_wire.proxy.answers.switch(WireFault())
    assert await tcp_wire.at_gateway(len(SECOND)) == SECOND


async def test_an_unplugged_serial_port_is_gone_and_comes_back(serial_wire: Wire) -> None:
    await serial_wire.proxy.unplug()
    with anyio.fail_after(10), suppress(OSError):
        assert await serial_wire.gateway.receive() == b""
    with pytest.raises(OSError, match="Input/output error"):
        await serial_wire.gateway.send(REQUEST)
    await serial_wire.gateway.aclose()
    with pytest.raises(FileNotFoundError):
        await connect(serial_wire.proxy.link)
    await serial_wire.proxy.plug_in()
    serial_wire.gateway = await connect(serial_wire.proxy.link)
    serial_wire.analyser = await serial_wire.line.connected()
    await serial_wire.answer(FIRST)
    assert await serial_wire.at_gateway(len(FIRST)) == FIRST


async def test_an_unplugged_tcp_endpoint_resets_and_refuses_and_comes_back(tcp_wire: Wire) -> None:
    await tcp_wire.proxy.unplug()
    with anyio.fail_after(10), pytest.raises(anyio.BrokenResourceError) as lost:
        await tcp_wire.gateway.receive()
    assert isinstance(lost.value.__cause__, ConnectionResetError)
    await tcp_wire.gateway.aclose()
    with pytest.raises(OSError, match="connect"):
        await connect(tcp_wire.proxy.link)
    await tcp_wire.proxy.plug_in()
    tcp_wire.gateway = await connect(tcp_wire.proxy.link)
    tcp_wire.analyser = await tcp_wire.line.connected()
    await tcp_wire.answer(FIRST)
    assert await tcp_wire.at_gateway(len(FIRST)) == FIRST


async def test_a_reset_connection_may_be_made_again_at_once(tcp_wire: Wire) -> None:
    assert isinstance(tcp_wire.end, TcpEnd)
    tcp_wire.end.reset()
    with anyio.fail_after(10), pytest.raises(anyio.BrokenResourceError) as lost:
        await tcp_wire.gateway.receive()
    assert isinstance(lost.value.__cause__, ConnectionResetError)
    await tcp_wire.gateway.aclose()
    tcp_wire.gateway = await connect(tcp_wire.proxy.link)
    tcp_wire.analyser = await tcp_wire.line.connected()
    await tcp_wire.ask()
    assert await tcp_wire.at_analyser(len(REQUEST)) == REQUEST


async def test_half_closed(tcp_wire: Wire) -> None:
    assert isinstance(tcp_wire.end, TcpEnd)
    tcp_wire.end.half_close()
    with anyio.fail_after(10), pytest.raises(anyio.EndOfStream):
        await tcp_wire.gateway.receive()
    await tcp_wire.ask()
    assert await tcp_wire.at_analyser(len(REQUEST)) == REQUEST
