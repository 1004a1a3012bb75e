"""The gateway ends, killed or stopped, and everything comes back by itself."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import anyio
import pytest
from anyio.streams.buffered import BufferedByteReceiveStream
from asyncua import ua

from gateway.simulator import FaultKind, Simulator
from gateway.simulator.modbus_line import ModbusLine
from gateway.simulator.serial_wire import SerialWire
from tests.system.installation import PATIENCE_S, Installation, install, simulated
from tests.system.returning_clients import browsed, clients, found, until_fresh

BAD_SHUTDOWN = ua.StatusCode(ua.UInt32(ua.StatusCodes.BadShutdown))
STOP_S = 3.0
"""Longest that a stop may take, whoever does not answer."""


async def test_killed_twice_it_serves_the_same_and_clients_come_back_by_themselves() -> None:
    log: list[str] = []
    async with simulated() as (simulator, folder), anyio.create_task_group() as followers:
        installation = install(folder, simulator)
        described = await installation.described()
        process = await installation.start(followers, log)
        nodes, pvs = await browsed(installation.url), {row["epics_ca"] for row in described}
        assert await found(installation.ca_port, pvs) == pvs
        async with clients(installation) as (libca, seen):
            await until_fresh(libca, seen)
            process.kill()
            process = await installation.start(followers, log)
            await mid_request(simulator)
            process.kill()
            process = await installation.start(followers, log)
            await until_fresh(libca, seen)
            assert await browsed(installation.url) == nodes
            assert await found(installation.ca_port, pvs) == pvs
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
    assert {row["opcua"] for row in described} <= nodes
    assert [line for line in log if "control socket" in line or "in use" in line or "Traceback" in line] == []
    served = [line.partition(" serves ")[2] for line in log if " serves " in line]
    assert served[:2] == served[2:4] == served[4:]


async def mid_request(simulator: Simulator) -> None:
    """Return when the gateway waits for an answer on the serial line."""
    line = simulator.lines["rtu"].conversation
    assert isinstance(line, ModbusLine)
    with anyio.fail_after(PATIENCE_S):
        while not line._turn.locked():  # noqa: ASYNC110  the line tells nobody
            await anyio.sleep(0.001)


async def test_stopped_it_falls_silent_and_says_so_whoever_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    log: list[str] = []
    heard = listen(monkeypatch)
    async with simulated() as (simulator, folder), anyio.create_task_group() as followers:
        with dead_host() as nobody:
            simulator.instrument("rtu", 2).switch_on(FaultKind.SILENT)
            installation = install(folder, simulator, dead=nobody)
            process = await installation.start(followers, log)
            async with clients(installation, auto_reconnect=False) as (libca, seen), stuck_clients(installation):
                await seen.until(lambda values: len(values["tcp"]) > 3 and len(values["rtu_a"]) > 3)
                process.send_signal(signal.SIGTERM)
                with anyio.fail_after(STOP_S):
                    await seen.until(lambda values: values["tcp"][-1].StatusCode == BAD_SHUTDOWN)
                    heard.clear()
                    assert await process.wait() == 0
                assert len(heard) == len(set(heard)), "more than what was under way on each wire"
                events = await libca.events("tcp", 2)
                while events[-1]["ok"]:
                    events = await libca.events("tcp", len(events) + 1)
                assert (events[-2]["severity"], events[-2]["status"]) == (3, 9)
    assert log[-1].endswith("gateway: stopped")
    assert not [line for line in log if "Traceback" in line]


@contextmanager
def dead_host() -> Iterator[str]:
    """A TCP port that never takes a connection: its queue is full."""
    with socket.socket() as listener, socket.socket() as waiting, socket.socket() as another:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for one in (waiting, another):
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        yield f"socket://127.0.0.1:{listener.getsockname()[1]}"


def listen(monkeypatch: pytest.MonkeyPatch) -> list[SerialWire]:
    """The wires on which the simulator hears something from now on, one entry for each time."""
    heard: list[SerialWire] = []
    occupy = SerialWire.occupy

    def heard_on(wire: SerialWire, now_ns: int, size: int) -> int:
        if size:
            heard.append(wire)
        return occupy(wire, now_ns, size)

    monkeypatch.setattr(SerialWire, "occupy", heard_on)
    return heard


@asynccontextmanager
async def stuck_clients(installation: Installation) -> AsyncIterator[None]:
    """A process whose clients do not read."""
    monitors = {"port": installation.ca_port, "pvs": ["T:tcp:I1"], "circuits": 2}
    reads = {"url": installation.url, "ids": ["ns=2;s=tcp/I1/Value"] * 30, "most": 100_000}
    tasks = json.dumps([["ca_monitors_unread", monitors], ["opcua_reads_unread", reads]])
    command = [sys.executable, "-m", "tests.northbound.hostile_process", tasks]
    async with await anyio.open_process(command, cwd=Path(__file__).parents[2], stderr=subprocess.DEVNULL) as process:
        try:
            assert process.stdout is not None
            with anyio.fail_after(PATIENCE_S):
                await BufferedByteReceiveStream(process.stdout).receive_until(b"\n", 10_000)
            yield
        finally:
            process.kill()
