"""Byte links on every kind of wire: serial, raw TCP and RFC 2217 through a real serial server."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from gateway.errors import LinkError
from gateway.model.bus_spec import BusSpec
from gateway.model.readings import ProtocolKind
from gateway.ports import ByteLink
from gateway.simulator import LineSettings, PtyLink, SimulatorSettings, TcpLink, running
from gateway.simulator.simulator import Simulator
from gateway.streaming.clock import SystemClock
from gateway.wire.opener import ByteLinkOpener


def talker(link: PtyLink | TcpLink) -> SimulatorSettings:
    """An analyser that sends a frame ten times a second."""
    return SimulatorSettings((LineSettings("line", link, ProtocolKind.CONTINUOUS, baudrate=None, interval_s=0.1),))


def opener(address: str, clock: SystemClock) -> ByteLinkOpener:
    return ByteLinkOpener("line", BusSpec(address, ProtocolKind.CONTINUOUS), clock)


async def whole_frames(link: ByteLink, count: int) -> bytes:
    data = b""
    with anyio.fail_after(20):
        while data.count(b"\r\n") < count:
            chunk, _ = await link.receive()
            data += chunk
    return data


@asynccontextmanager
async def serial_server(ser2net: str, pty: Path, port: int) -> AsyncIterator[None]:
    """ser2net, a serial server that speaks RFC 2217."""
    configuration = (
        "connection: &line\n"
        f"  accepter: telnet(rfc2217),tcp,127.0.0.1,{port}\n"
        f"  connector: serialdev,{pty},19200n81,local\n"
    )
    file = pty.with_name("ser2net.yaml")
    file.write_text("%YAML 1.1\n---\n" + configuration)
    command = [ser2net, "-n", "-c", str(file)]
    async with await anyio.open_process(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        with anyio.fail_after(10):
            while True:
                try:
                    await (await anyio.connect_tcp("127.0.0.1", port)).aclose()
                    break
                except OSError:
                    assert process.returncode is None
                    await anyio.sleep(0.02)
        try:
            yield
        finally:
            process.terminate()
            await process.wait()


async def test_serial(tmp_path: Path, clock: SystemClock) -> None:
    async with running(talker(PtyLink(tmp_path / "tty")), clock), opener(str(tmp_path / "tty"), clock).open() as link:
        assert b";S1S1S1S1;" in await whole_frames(link, 3)


async def test_socket(clock: SystemClock) -> None:
    async with running(talker(TcpLink()), clock) as simulator:
        async with opener(f"socket://{simulator.lines['line'].endpoint}", clock).open() as link:
            assert b";S1S1S1S1;" in await whole_frames(link, 3)


async def test_rfc2217(tmp_path: Path, clock: SystemClock, unused_port: int, program: Callable[[str], str]) -> None:
    async with (
        running(talker(PtyLink(tmp_path / "tty")), clock),
        serial_server(program("ser2net"), tmp_path / "tty", unused_port),
    ):
        async with opener(f"rfc2217://127.0.0.1:{unused_port}", clock).open() as link:
            assert b";S1S1S1S1;" in await whole_frames(link, 3)


async def test_rfc2217_can_be_cancelled_while_it_waits_for_bytes(
    tmp_path: Path, clock: SystemClock, unused_port: int, program: Callable[[str], str]
) -> None:
    silent = SimulatorSettings(
        (LineSettings("line", PtyLink(tmp_path / "tty"), ProtocolKind.CONTINUOUS, interval_s=0),)
    )
    async with running(silent, clock), serial_server(program("ser2net"), tmp_path / "tty", unused_port):
        with anyio.fail_after(5), anyio.move_on_after(0.2) as scope:
            async with opener(f"rfc2217://127.0.0.1:{unused_port}", clock).open() as link:
                await link.receive()
        assert scope.cancelled_caught


async def test_what_came_before_the_loss_is_read_first(clock: SystemClock) -> None:
    async with running(talker(TcpLink()), clock) as simulator:
        async with opener(f"socket://{simulator.lines['line'].endpoint}", clock).open() as link:
            await whole_frames(link, 1)
            _drop(simulator)
            with pytest.raises(LinkError, match="check the cable"), anyio.fail_after(5):
                while True:
                    await link.receive()


def _drop(simulator: Simulator) -> None:
    simulator.lines["line"].drop_clients()


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("socket://127.0.0.1:{port}", "cannot connect"),
        ("rfc2217://127.0.0.1:{port}", "the remote serial port cannot be opened"),
        ("/dev/no-such-port", "the serial port cannot be opened"),
    ],
)
async def test_a_wire_that_cannot_be_opened_says_where_and_what_to_do(
    address: str, expected: str, clock: SystemClock, unused_port: int
) -> None:
    place = address.format(port=unused_port)
    with pytest.raises(LinkError) as caught:
        async with opener(place, clock).open():
            pass
    assert caught.value.what.startswith(expected)
    assert caught.value.where == f"bus line ({place})"
    assert caught.value.hint


async def test_a_serial_port_is_opened_exclusively(tmp_path: Path, clock: SystemClock) -> None:
    async with running(talker(PtyLink(tmp_path / "tty")), clock), opener(str(tmp_path / "tty"), clock).open():
        with pytest.raises(LinkError, match=r"(?i)exclusive|lock"):
            async with opener(str(tmp_path / "tty"), clock).open():
                pass


async def test_a_slow_reader_keeps_memory_bounded(clock: SystemClock) -> None:
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(anyio.abc.SocketAttribute.local_port)
    sent = 0

    async def flood(stream: anyio.abc.SocketStream) -> None:
        nonlocal sent
        async with stream:
            while True:
                await stream.send(bytes(65536))
                sent += 65536

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, flood)
        async with opener(f"socket://127.0.0.1:{port}", clock).open() as link:
            before = -1
            while before != sent:
                before = sent
                await anyio.sleep(0.1)
            received = 0
            with anyio.fail_after(10):
                while received < 4 * 1024 * 1024:
                    received += len((await link.receive())[0])
        tasks.cancel_scope.cancel()
    await listener.aclose()
    assert before < 64 * 1024 * 1024
