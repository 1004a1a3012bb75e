"""`replay` as its users call it: processes, ports, terminals, and what it refuses."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.drivers.servomex4100.frame_times import timed_lines
from gateway.model.bus_spec import BusSpec
from gateway.model.readings import ProtocolKind
from gateway.streaming.clock import SystemClock
from gateway.wire.bus import SharedModbusBus
from tests.drivers.servomex4100.frames import FIVE, frame

ROOT = Path(__file__).parents[2]
CAPTURES = Path(__file__).parent / "captures"
ENDPOINT = re.compile(r"(continuous|modbus-\w+) on (\S+): (.*); stop with Ctrl-C")


@dataclass
class Replaying:
    process: anyio.abc.Process
    protocol: str
    endpoint: str
    what: str
    log: str

    async def end(self, by: signal.Signals | None = None) -> None:
        if by is not None:
            self.process.send_signal(by)
        assert self.process.stderr is not None
        async for chunk in self.process.stderr:
            self.log += chunk.decode()
        assert await self.process.wait() == 0
        assert "Traceback" not in self.log


@asynccontextmanager
async def replaying(*arguments: str | Path) -> AsyncIterator[Replaying]:
    command = [sys.executable, "-W", "error", "-m", "gateway", "replay", *map(str, arguments)]
    async with await anyio.open_process(command, env={**os.environ, "PYTHONPATH": str(ROOT)}) as process:
        assert process.stderr is not None
        log = ""
        with anyio.fail_after(30):
            while (found := ENDPOINT.search(log)) is None:
                log += (await process.stderr.receive()).decode()
            yield Replaying(process, found[1], found[2], found[3], log)


async def all_bytes(endpoint: str) -> bytes:
    host, _, port = endpoint.rpartition(":")
    async with await anyio.connect_tcp(host, int(port)) as stream:
        return b"".join([chunk async for chunk in stream])


def refused(*arguments: str | Path) -> str:
    command = [sys.executable, "-W", "error", "-m", "gateway", "replay", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def timed(count: int, step_s: float = 2.0) -> bytes:
    """Frames whose clocks are so far apart."""
    start = datetime(2026, 3, 2, 9, 14)
    return b"".join(
        frame(replace(FIVE, clock=f"{start + timedelta(seconds=step_s * n):%d-%m-%y;%H:%M:%S}")) for n in range(count)
    )


async def test_a_raw_recording_ends_by_itself_and_nothing_of_it_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "recording.bin"
    path.write_bytes(timed(5)[30:-10])
    async with replaying(path, "--speed", "0") as replay:
        assert replay.protocol == "continuous"
        assert replay.what == f"{path.stat().st_size} recorded bytes of 8 s"
        assert await all_bytes(replay.endpoint) == path.read_bytes()
        await replay.end()
    assert "the recording is over" in replay.log


async def test_a_broadcast_capture_is_played_again_and_again(tmp_path: Path) -> None:
    capture = tmp_path / "c.capture"
    lines = (CAPTURES / "continuous.capture").read_text().splitlines(keepends=True)
    capture.write_text("".join(line for line in lines if not line.rstrip().endswith((" close", " open"))))
    once = b"".join(bytes.fromhex(line.split(" ")[3]) for line in capture.read_text().splitlines() if " < " in line)
    async with replaying(capture, "--speed", "0", "--loop") as replay:
        host, _, port = replay.endpoint.rpartition(":")
        async with await anyio.connect_tcp(host, int(port)) as stream:
            data = b""
            while len(data) < 3 * len(once):
                data += await stream.receive()
        await replay.end(signal.SIGTERM)
    assert data[: 3 * len(once)] == 3 * once


@pytest.mark.parametrize(("name", "protocol"), [("rtu", ProtocolKind.MODBUS_RTU), ("ascii", ProtocolKind.MODBUS_ASCII)])
async def test_a_serial_bus_answers_on_a_terminal(name: str, protocol: ProtocolKind, tmp_path: Path) -> None:
    terminal = tmp_path / "tty"
    async with replaying(CAPTURES / f"{name}.capture", "--pty", terminal, "--speed", "10") as replay:
        assert (replay.protocol, replay.endpoint) == (protocol, str(terminal))
        bus = SharedModbusBus("line", BusSpec(str(terminal), protocol, idle_gap_ms=5), SystemClock())
        registers = await bus.read_input_registers(30, 0, 70)
        assert registers.values[:2] == (0x41A3, 0x0625)
        await bus.aclose()
        await replay.end(signal.SIGINT)
    assert not terminal.is_symlink()


async def test_what_was_only_overheard_answers_too() -> None:
    async with replaying(CAPTURES / "listening.capture", "--speed", "0") as replay:
        assert replay.what == "5 recorded answers to 3 different requests"
        spec = BusSpec(f"socket://{replay.endpoint}", ProtocolKind.MODBUS_RTU, idle_gap_ms=5)
        bus = SharedModbusBus("line", spec, SystemClock())
        assert (await bus.read_discrete_inputs(30, 1000, 16)).values == (0,) * 16
        await bus.aclose()
        await replay.end(signal.SIGTERM)


def test_bad_input_is_exit_code_2(tmp_path: Path) -> None:
    empty = tmp_path / "empty.bin"
    empty.touch()
    header, *_ = (CAPTURES / "rtu.capture").read_text().splitlines(keepends=True)
    (tmp_path / "nothing.capture").write_text(header)
    (tmp_path / "bad.capture").write_text(f"{header}what\n")
    assert "cannot read the recording: No such file" in refused(tmp_path / "absent")
    assert "there is no byte in it that could be replayed" in refused(empty, "--loop")
    assert "there is no request in it" in refused(tmp_path / "nothing.capture")
    assert "bad.capture:2: no event of a capture" in refused(tmp_path / "bad.capture")
    assert "--pty: Modbus TCP needs a network" in refused(CAPTURES / "tcp.capture", "--pty", tmp_path / "tty")
    assert "--listen: '5330' is not host:port" in refused(CAPTURES / "tcp.capture", "--listen", "5330")
    assert "--interval is for raw bytes" in refused(CAPTURES / "rtu.capture", "--interval", "1")


async def test_a_port_in_use_is_exit_code_1() -> None:
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with listener:
        port = listener.extra(anyio.abc.SocketAttribute.local_port)
        command = [sys.executable, "-m", "gateway", "replay", str(CAPTURES / "tcp.capture")]
        done = await anyio.run_process([*command, "--listen", f"127.0.0.1:{port}"], check=False, cwd=ROOT)
    assert done.returncode == 1
    assert b"cannot listen on" in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("data", "interval_s", "seconds"),
    [
        (timed(3), None, [0, 2, 4]),
        (timed(3, 5.0), None, [0, 5, 10]),
        (timed(3, 5.0), 0.5, [0, 0.5, 1.0]),
        (timed(2) + timed(2, 3.0), None, [0, 2, 4, 7]),  # the clock was set back
        (timed(1) + b"noise\n" + timed(3)[412:], None, [0, 2, 4]),
        (b"noise", None, [0]),
    ],
)
def test_raw_lines_have_the_pace_of_the_clock_in_them(
    data: bytes, interval_s: float | None, seconds: list[float]
) -> None:
    lines = list(timed_lines([data], interval_s))
    assert [at for at, _ in lines] == seconds
    assert b"".join(line for _, line in lines) == data


@given(st.binary(max_size=3000), st.integers(1, 700))
def test_any_raw_bytes_are_played_whole(noise: bytes, size: int) -> None:
    data = noise + timed(2) + noise
    pieces = [data[place : place + size] for place in range(0, len(data), size)]
    lines = list(timed_lines(pieces, None))
    assert b"".join(line for _, line in lines) == data
    assert all(0 < len(line) <= 1024 for _, line in lines)
    assert [at for at, _ in lines] == sorted(at for at, _ in lines)
