"""Simulated line, gateway, capture, replay, second gateway: it must publish what the first one did, value for value.

Both gateways run in this process, so that every Update they publish can be compared; `capture` and `replay` are
processes, as their users start them.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import anyio
import pytest
from anyio.abc import SocketAttribute, SocketStream

from gateway import registry
from gateway.app import Gateway
from gateway.capture.capture_file import CaptureFile
from gateway.capture.captured_exchanges import captured_exchanges
from gateway.capture.events import CaptureHeader, EventKind
from gateway.capture.feed import CaptureFeed
from gateway.capture.line_format import encode_event, encode_header, parse_event
from gateway.capture.modbus_meaning import Outcome, meaning
from gateway.control.client import ask
from gateway.control.socket_path import control_path
from gateway.drivers.servomex4100.settings import Servomex4100Settings
from gateway.errors import GatewayError
from gateway.model.bus_spec import BusSpec
from gateway.model.channel_spec import ChannelSpec
from gateway.model.readings import ProtocolKind
from gateway.model.update import Update
from gateway.settings.load import load_settings
from gateway.settings.site_spec import site_spec
from gateway.simulator import (
    ChannelSettings,
    FaultKind,
    InstrumentSettings,
    LineSettings,
    PtyLink,
    SimulatorSettings,
    TcpLink,
    running,
)
from gateway.simulator.continuous_frame import encode_frame
from gateway.simulator.instrument import Instrument
from gateway.simulator.signals import Ramp
from gateway.streaming.clock import SystemClock
from gateway.wire.bus import SharedModbusBus
from gateway.wire.tap import WireTap
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
CHANNELS = {
    "I1": ChannelSettings("Oxygen", "%", 3, Ramp(10.0, 20.0, 10.0)),
    "I2": ChannelSettings("CO2", "%", 3, Ramp(0.0, 5.0, 7.0)),
}
CHANNEL_SPECS = {channel: ChannelSpec("%") for channel in CHANNELS}
QUICK: dict[str, Any] = {"idle_gap_ms": 5, "turnaround_ms": 5, "baudrate": 115200}
LISTENING = re.compile(r"(?:continuous|modbus-\w+) on (\S+): ")
SERVED = 6
"""Captured sweeps or frames that the second gateway must have published."""

OF_THE_GATEWAY = {"Status/Tick", "Clock/Offset"}
"""Points that compare the analyser with this run of the gateway: count from its start, and its own clock."""


@pytest.fixture(autouse=True)
def own_sockets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


@dataclass
class Published:
    """Updates of the channel values of one gateway, as they are published."""

    own: frozenset[int]
    updates: list[Update] = field(default_factory=list)
    news: anyio.Event = field(default_factory=anyio.Event)

    def apply(self, update: Update) -> None:
        if update.group == 0:
            self.updates.append(update)
            self.news.set()

    def values(self, update: Update) -> tuple[object, ...]:
        """Everything but what belongs to the gateway itself."""
        return tuple(value for place, value in enumerate(update.values) if place not in self.own)

    async def wait_for(self, count: int) -> None:
        while len(self.updates) < count:
            self.news = anyio.Event()
            await self.news.wait()


def settings_file(folder: Path, name: str, link: str, protocol: ProtocolKind) -> Path:
    """A gateway with one analyser on one bus."""
    analyser: dict[str, Any] = {
        "driver": "servomex4100",
        "bus": "line",
        "channels": {channel: {"unit": "%"} for channel in CHANNELS},
    }
    analyser |= {"frame_interval_s": 1} if protocol is ProtocolKind.CONTINUOUS else {"address": 30, "rate_hz": 5.0}
    document = {
        "site": name,
        "buses": {"line": {"link": link, "protocol": protocol.value} | QUICK},
        "analysers": {"stack": analyser},
        "adapters": {"epics_ca": {"prefix": f"{name}:", "interfaces": ["127.0.0.1"], "port": free_port()}},
    }
    path = folder / f"{name}.yaml"
    path.write_text(json.dumps(document))
    return path


@asynccontextmanager
async def serving(config: Path) -> AsyncIterator[Published]:
    settings = load_settings(config)
    points = site_spec(settings).devices[0].points
    published = Published(frozenset(n for n, point in enumerate(points) if point.browse_path in OF_THE_GATEWAY))
    gateway = Gateway(settings)
    gateway._hub.subscribe(published)
    stop = anyio.Event()
    async with anyio.create_task_group() as tasks:
        await tasks.start(gateway.run, stop)
        try:
            yield published
        finally:
            stop.set()


@asynccontextmanager
async def verb(folder: Path, *arguments: str) -> AsyncIterator[anyio.abc.Process]:
    command = [sys.executable, "-W", "error", "-m", "gateway", *arguments]
    async with await anyio.open_process(command, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}) as process:
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()


async def said(process: anyio.abc.Process, pattern: re.Pattern[str]) -> re.Match[str]:
    assert process.stderr is not None
    text = ""
    while (found := pattern.search(text)) is None:
        text += (await process.stderr.receive()).decode()
    return found


async def capture_of(config: Path, published: Published, count: int) -> CaptureFile:
    """A capture in which the gateway has published so often."""
    path = config.with_name("line.capture")
    async with verb(config.parent, "capture", config.name, "line", "--output", path.name) as process:
        await said(process, re.compile("the running gateway tells"))
        await published.wait_for(len(published.updates) + count)
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 0
    return CaptureFile(path)


def values_in(capture: CaptureFile, published: Published) -> list[tuple[object, ...]]:
    """What was published by the bytes of a capture: an Update has the stamp of the bytes that completed it.

    An answer whose request came before the capture cannot be replayed.
    """
    events = list(capture.events())
    if capture.header.protocol is not ProtocolKind.CONTINUOUS:
        events = list(itertools.dropwhile(lambda event: event.kind is not EventKind.SENT, events))
    stamps = {event.unix_us for event in events if event.kind is EventKind.RECEIVED}
    return [published.values(update) for update in published.updates if update.stamp.unix_us in stamps]


def wire_bytes(capture: CaptureFile) -> list[tuple[bytes, bytes]]:
    """Requests and answers without what differs by nature: the number of a Modbus TCP request."""
    start = 2 if capture.header.protocol is ProtocolKind.MODBUS_TCP else 0
    return [(each.request[start:], each.answer[start:]) for each in captured_exchanges(capture) if each.request]


async def replayed(
    capture: Path, protocol: ProtocolKind, speed: float, serial: bool, count: int
) -> list[tuple[object, ...]]:
    """What a gateway on a replay publishes first."""
    folder = capture.parent / f"at-{speed:g}"
    folder.mkdir()
    where = ["--pty", str(folder / "tty")] if serial else []
    async with verb(folder, "replay", str(capture), *where, "--speed", f"{speed:g}") as process:
        endpoint = (await said(process, LISTENING))[1]
        config = settings_file(folder, f"replay{speed:.0f}", endpoint if serial else f"socket://{endpoint}", protocol)
        async with serving(config) as published:
            await published.wait_for(count)
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
    return [published.values(update) for update in published.updates[:count]]


@pytest.mark.parametrize(
    ("protocol", "serial", "faster"),
    [
        pytest.param(ProtocolKind.CONTINUOUS, False, 10.0, id="continuous"),
        pytest.param(ProtocolKind.MODBUS_RTU, True, 10.0, id="rtu"),
        pytest.param(ProtocolKind.MODBUS_TCP, False, 0.0, id="modbus-tcp"),
    ],
)
async def test_a_gateway_on_a_replay_publishes_the_very_same_values(
    protocol: ProtocolKind, serial: bool, faster: float, tmp_path: Path
) -> None:
    link = PtyLink(tmp_path / "tty") if serial else TcpLink()
    line = LineSettings("line", link, protocol, (InstrumentSettings(30, CHANNELS),), None, 0.02, interval_s=0.2)
    with anyio.fail_after(60):
        async with running(SimulatorSettings((line,)), SystemClock()) as simulator:
            endpoint = simulator.lines["line"].endpoint
            config = settings_file(tmp_path, "original", endpoint if serial else f"socket://{endpoint}", protocol)
            async with serving(config) as published:
                await published.wait_for(1)
                capture = await capture_of(config, published, SERVED + 3)
            original = values_in(capture, published)
        assert len(original) >= SERVED
        assert len(set(original)) > SERVED / 2  # the signals move
        again: dict[float, list[tuple[object, ...]]] = {}

        async def replay(speed: float) -> None:
            again[speed] = await replayed(config.with_name("line.capture"), protocol, speed, serial, SERVED)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(replay, 1.0)
            tasks.start_soon(replay, faster)
    assert again == {1.0: original[:SERVED], faster: original[:SERVED]}


async def sweeps(link: str, path: Path, prepare: Callable[[int], None], count: int = 14) -> CaptureFile:
    """A capture of a driver that asks again and again, from its very first request on."""
    clock, tap = SystemClock(), WireTap()
    feed = CaptureFeed(clock)
    spec = BusSpec(link, ProtocolKind.MODBUS_RTU, idle_gap_ms=5, timeout_s=0.2)
    bus = SharedModbusBus("line", spec, clock, tap)
    source = registry.driver("servomex4100").poll("stack", Servomex4100Settings(CHANNEL_SPECS, 30), bus)
    with tap.attached(feed.take):
        for number in range(count):
            prepare(number)
            with suppress(GatewayError):
                await source.poll_samples()
        await bus.aclose()
    lines = [encode_header(CaptureHeader.of_bus("line", spec, feed.started, {})), *map(encode_event, await feed.next())]
    await anyio.Path(path).write_text("".join(f"{line}\n" for line in lines))
    return CaptureFile(path)


async def test_the_replay_of_a_troubled_line_carries_the_very_same_bytes(tmp_path: Path) -> None:
    """Silence, damage and refusals are replayed; a driver that hears the same asks the same."""
    trouble = {1: FaultKind.DAMAGED, 4: FaultKind.NARROW_READS, 7: FaultKind.SILENT, 10: FaultKind.DAMAGED}
    line = LineSettings("line", TcpLink(), ProtocolKind.MODBUS_RTU, (InstrumentSettings(30, CHANNELS),), None, 0.0)
    with anyio.fail_after(60):
        async with running(SimulatorSettings((line,)), SystemClock()) as simulator:
            instrument = simulator.instrument("line")

            def prepare(number: int) -> None:
                instrument.clear_faults()
                if number in trouble:
                    instrument.switch_on(trouble[number])

            link = f"socket://{simulator.lines['line'].endpoint}"
            first = await sweeps(link, tmp_path / "first.capture", prepare)
        async with verb(tmp_path, "replay", "first.capture", "--speed", "0") as process:
            link = f"socket://{(await said(process, LISTENING))[1]}"
            second = await sweeps(link, tmp_path / "second.capture", lambda _number: None)
    before, after = wire_bytes(first), wire_bytes(second)
    outcomes = Counter(meaning(first.header.protocol, each).outcome for each in captured_exchanges(first))
    assert outcomes.keys() >= {Outcome.ANSWERED, Outcome.DAMAGED, Outcome.SILENT, Outcome.EXCEPTION}
    assert after == before


async def test_a_capture_that_is_not_read_delays_nobody_and_counts_what_it_lost(tmp_path: Path) -> None:
    frame = encode_frame(Instrument(InstrumentSettings(30, CHANNELS), SystemClock()).state(), b"\r\n")

    async def chatter(stream: SocketStream) -> None:
        with suppress(anyio.BrokenResourceError):
            async with stream:
                while True:
                    await stream.send(10 * frame)
                    await anyio.sleep(0.01)

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    link = f"socket://127.0.0.1:{listener.extra(SocketAttribute.local_port)}"
    config = settings_file(tmp_path, "first", link, ProtocolKind.CONTINUOUS)
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, chatter)
        async with serving(config) as published, aclosing(ask(control_path("first"), "capture", bus="line")) as lazy:
            with anyio.fail_after(60):
                await anext(lazy)
                await published.wait_for(len(published.updates) + 4000)  # values go on while nobody reads the capture
                lost = 0
                while not lost:
                    lost = sum(parse_event(text).lost for text in cast("list[str]", (await anext(lazy))["events"]))
                after = [parse_event(text) for text in cast("list[str]", (await anext(lazy))["events"])]
        tasks.cancel_scope.cancel()
    assert {(event.kind, event.data) for event in after} == {(EventKind.RECEIVED, 10 * frame)}
