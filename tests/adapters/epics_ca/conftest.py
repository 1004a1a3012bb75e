"""A small site, a server for it, and libca clients in processes of their own to judge it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import anyio
import pytest

from gateway.adapters.epics_ca.adapter import ChannelAccessAdapter
from gateway.adapters.epics_ca.settings import ChannelAccessSettings
from gateway.model.points import AlarmLimits, DeviceSpec, PointGroup, PointSpec, SiteSpec, ValueKind
from gateway.model.quality import State
from gateway.model.stamp import Stamp
from gateway.model.update import Update
from gateway.model.value import Value
from tests.adapters.epics_ca.acting import ACTING_SITE, ManualClock, RecordingDesk
from tests.clients.libca import CLIENTS, PATIENCE, LibcaProcess, connected, environment
from tests.serving import serving as serve_adapter

UNIX_US = 1_700_000_000_123_457

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
    async with serve_adapter(adapter) as endpoint:
        yield int(endpoint.rpartition(":")[2])


@pytest.fixture
def serving() -> Serving:
    return _serving


@pytest.fixture
async def port(adapter: ChannelAccessAdapter) -> AsyncIterator[int]:
    async with _serving(adapter) as number:
        yield number


@pytest.fixture
async def client(port: int) -> AsyncIterator[LibcaProcess]:
    async with connected(port) as one:
        yield one


@pytest.fixture
def connect() -> Callable[..., AbstractAsyncContextManager[LibcaProcess]]:
    """Start a client process for a port, with variables of the environment set or, where empty, left out."""
    return connected


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def desk() -> RecordingDesk:
    return RecordingDesk()


@pytest.fixture
def acting(settings: ChannelAccessSettings, desk: RecordingDesk, clock: ManualClock) -> ChannelAccessAdapter:
    """An adapter whose clients can ask for actions."""
    adapter = ChannelAccessAdapter(ACTING_SITE, settings, clock)
    adapter.offer(desk)
    return adapter


@pytest.fixture
async def acting_port(acting: ChannelAccessAdapter) -> AsyncIterator[int]:
    async with _serving(acting) as number:
        yield number


@pytest.fixture
async def operator(acting_port: int) -> AsyncIterator[LibcaProcess]:
    """A client of the adapter whose clients can ask for actions."""
    async with connected(acting_port) as one:
        yield one


@pytest.fixture
def pyepics(port: int) -> Callable[..., Any]:
    """Ask pyepics, which brings a libca of its own, for everything it sees of some PVs."""

    async def ask(*names: str) -> dict[str, dict[str, Any]]:
        command = [sys.executable, str(CLIENTS / "ca_pyepics.py"), *names]
        with anyio.fail_after(PATIENCE):
            done = await anyio.run_process(command, env=environment(port), stderr=subprocess.DEVNULL)
        found: dict[str, dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
        return found

    return ask
