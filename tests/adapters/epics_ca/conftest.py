"""A small site, a server for it, and libca clients in processes of their own to judge it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from gateway.adapters.epics_ca.adapter import ChannelAccessAdapter
from gateway.adapters.epics_ca.settings import ChannelAccessSettings
from gateway.model.points import AlarmLimits, DeviceSpec, PointGroup, PointSpec, SiteSpec, Value, ValueKind
from gateway.model.quality import State
from gateway.model.stamp import Stamp
from gateway.model.update import Update

CLIENTS = Path(__file__).parents[2] / "clients"
UNIX_US = 1_700_000_000_123_457
PATIENCE = 40.0

POINTS = (
    PointSpec(
        ("I1", "Value"),
        ValueKind.FLOAT,
        "Oxygen in the stack",
        unit="%",
        display_range=(0.0, 25.0),
        precision=2,
        limits=AlarmLimits(low=1.5, high_high=24.0),
        cyclic=True,
    ),
    PointSpec(("I1", "Name"), ValueKind.TEXT, "Name that the analyser gives"),
    PointSpec(("I1", "Fault"), ValueKind.BOOLEAN, "The transducer reports a fault"),
    PointSpec(("Status", "Tick"), ValueKind.INTEGER, "Good batches", cyclic=True),
    PointSpec(("Plain",), ValueKind.FLOAT, "Neither unit nor range nor limits"),
)
NAMES = ("I1", "I1:Name", "I1:Fault", "Status:Tick", "Plain")


@pytest.fixture
def site() -> SiteSpec:
    counters = (PointSpec(("Diagnostics", "Emitted"), ValueKind.INTEGER, "Ticks delivered"),)
    stack = DeviceSpec(
        "stack", "Stack", "Servomex", "4100", (PointGroup(0, "stack", POINTS), PointGroup(1, "stack", counters))
    )
    return SiteSpec("works", (stack,))


@pytest.fixture
def settings() -> ChannelAccessSettings:
    return ChannelAccessSettings(prefix="T:", interfaces=("127.0.0.1",), port=0, beacons=())


@pytest.fixture
def adapter(site: SiteSpec, settings: ChannelAccessSettings) -> ChannelAccessAdapter:
    return ChannelAccessAdapter(site, settings)


def _update(values: Mapping[str, Value], *, state: State = State.GOOD, unix_us: int = UNIX_US) -> Update:
    all_values = [values.get(name) for name in NAMES]
    changed = [index for index, name in enumerate(NAMES) if name in values]
    return Update(0, Stamp(0, unix_us), all_values, [state] * len(NAMES), changed)


@pytest.fixture
def update() -> Callable[..., Update]:
    """Make an Update that changes the points named, and no other."""
    return _update


Serving = Callable[[ChannelAccessAdapter], AbstractAsyncContextManager[int]]


@asynccontextmanager
async def _serving(adapter: ChannelAccessAdapter) -> AsyncIterator[int]:
    async with anyio.create_task_group() as tasks:
        await tasks.start(lambda *, task_status: adapter.serve(task_status=task_status))
        try:
            yield int(adapter.endpoints[0].rpartition(":")[2])
        finally:
            tasks.cancel_scope.cancel()


@pytest.fixture
def serving() -> Serving:
    return _serving


@pytest.fixture
async def port(adapter: ChannelAccessAdapter) -> AsyncIterator[int]:
    async with _serving(adapter) as number:
        yield number


class Client:
    """One libca client process."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._number = 0
        self._answers: dict[int, dict[str, Any]] = {}
        self._events: dict[str, list[dict[str, Any]]] = {}
        self._changed = anyio.Condition()

    async def listen(self) -> None:
        assert self._process.stdout is not None
        lines = BufferedByteReceiveStream(self._process.stdout)
        while True:
            try:
                message = json.loads(await lines.receive_until(b"\n", 1_000_000))
            except (anyio.EndOfStream, anyio.IncompleteRead):
                return
            async with self._changed:
                if "tag" in message:
                    self._events.setdefault(message["tag"], []).append(message["event"])
                else:
                    self._answers[message["id"]] = message
                self._changed.notify_all()

    async def ask(self, op: str, pv: str = "", **options: object) -> dict[str, Any]:
        """Ask, and return the answer; an error of the client is raised."""
        assert self._process.stdin is not None
        self._number += 1
        number = self._number
        request = {"id": number, "op": op, "pv": pv, **options}
        await self._process.stdin.send(json.dumps(request).encode() + b"\n")
        with anyio.fail_after(PATIENCE):
            async with self._changed:
                while number not in self._answers:
                    await self._changed.wait()
        answer = self._answers.pop(number)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        result: dict[str, Any] = answer["result"]
        return result

    async def get(self, pv: str, **options: object) -> dict[str, Any]:
        return await self.ask("get", pv, **options)

    async def monitor(self, pv: str, tag: str = "", **options: object) -> dict[str, Any]:
        """Subscribe, and return the first event."""
        await self.ask("monitor", pv, tag=tag or pv, **options)
        return (await self.events(tag or pv, 1))[0]

    async def events(self, tag: str, count: int) -> list[dict[str, Any]]:
        """Wait until that many events of a monitor have come since it began, and return all of them."""
        with anyio.fail_after(PATIENCE):
            async with self._changed:
                while len(self._events.get(tag, ())) < count:
                    await self._changed.wait()
        return list(self._events[tag])


def _environment(port: int, **extra: str) -> dict[str, str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("EPICS_")}
    chosen = {
        "EPICS_CA_ADDR_LIST": "127.0.0.1",
        "EPICS_CA_AUTO_ADDR_LIST": "NO",
        "EPICS_CA_SERVER_PORT": str(port),
        "EPICS_CA_REPEATER_PORT": str(port),  # taken, so that libca starts no repeater
        **extra,
    }
    return {**clean, **{key: value for key, value in chosen.items() if value}}


@asynccontextmanager
async def _connected(port: int, **extra: str) -> AsyncIterator[Client]:
    """A client process; variables that are empty are left out."""
    command = [sys.executable, str(CLIENTS / "ca_client.py")]
    async with await anyio.open_process(command, env=_environment(port, **extra), stderr=subprocess.DEVNULL) as process:
        client = Client(process)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(client.listen)
            try:
                yield client
            finally:
                process.kill()


@pytest.fixture
async def client(port: int) -> AsyncIterator[Client]:
    async with _connected(port) as one:
        yield one


@pytest.fixture
def connect() -> Callable[..., AbstractAsyncContextManager[Client]]:
    """Start a client process for a port, with variables of the environment set or, where empty, left out."""
    return _connected


@pytest.fixture
def pyepics(port: int) -> Callable[..., Any]:
    """Ask pyepics, which brings a libca of its own, for everything it sees of some PVs."""

    async def ask(*names: str) -> dict[str, dict[str, Any]]:
        command = [sys.executable, str(CLIENTS / "ca_pyepics.py"), *names]
        with anyio.fail_after(PATIENCE):
            done = await anyio.run_process(command, env=_environment(port), stderr=subprocess.DEVNULL)
        found: dict[str, dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
        return found

    return ask
