"""`capture` without a running gateway, as its users call it: processes, files and signals."""

from __future__ import annotations

import json
import os
import shlex
import signal
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import pytest
from anyio.abc import SocketAttribute, SocketStream

from gateway.capture.capture_file import CaptureFile
from gateway.capture.captured_exchanges import captured_exchanges
from gateway.capture.events import EventKind
from gateway.capture.modbus_meaning import Outcome, meaning
from gateway.model.readings import ProtocolKind
from gateway.simulator import InstrumentSettings, LineSettings, SimulatorSettings, TcpLink, running
from gateway.streaming.clock import SystemClock
from tests.open_server import OPEN

ROOT = Path(__file__).parents[2]
VECTORS = json.loads((ROOT / "tests" / "vectors" / "servomex-modbus-vectors.json").read_text())["rtu"]
CHANNELS = {"I1": {"unit": "%"}}
LINES = (
    LineSettings("broadcast", TcpLink(), ProtocolKind.CONTINUOUS, baudrate=None, interval_s=0.1),
    LineSettings(
        "flue", TcpLink(), ProtocolKind.MODBUS_RTU, (InstrumentSettings(30), InstrumentSettings(31)), None, 0.0
    ),
)


@dataclass
class Site:
    """Settings with two simulated buses, and a third one that nobody listens on."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "XDG_RUNTIME_DIR": str(self.folder), "PYTHONPATH": str(ROOT)}

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-W", "error", "-m", "gateway", "capture", "gateway.yaml", *arguments]

    @asynccontextmanager
    async def capturing(self, *arguments: str) -> AsyncIterator[Capturing]:
        command = self.command(*arguments)
        async with await anyio.open_process(command, cwd=self.folder, env=self.environment) as process:
            with anyio.fail_after(30):
                yield Capturing(process)

    async def capture(self, *arguments: str) -> Capturing:
        """Capture until the program ends by itself."""
        async with self.capturing(*arguments) as capturing:
            await capturing.end()
        return capturing

    def file(self, name: str) -> CaptureFile:
        return CaptureFile(self.folder / name)


@dataclass
class Capturing:
    process: anyio.abc.Process
    out: str = ""
    messages: str = ""
    code: int | None = None

    async def end(self, by: signal.Signals | None = None) -> None:
        """Read everything until the program ends."""
        if by is not None:
            self.process.send_signal(by)

        async def collect(name: str, stream: anyio.abc.ByteReceiveStream) -> None:
            async for chunk in stream:
                setattr(self, name, getattr(self, name) + chunk.decode())

        assert self.process.stdout is not None
        assert self.process.stderr is not None
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(collect, "out", self.process.stdout)
            tasks.start_soon(collect, "messages", self.process.stderr)
        self.code = await self.process.wait()
        assert "Traceback" not in self.messages, self.messages


@pytest.fixture
async def site(tmp_path: Path, unused_port: int) -> AsyncIterator[Site]:
    async with running(SimulatorSettings(LINES), SystemClock()) as simulator:
        buses = {
            name: {"link": f"socket://{line.endpoint}", "protocol": line.settings.protocol.value, "idle_gap_ms": 5}
            for name, line in simulator.lines.items()
        }
        buses["nowhere"] = {"link": f"socket://127.0.0.1:{unused_port}", "protocol": "continuous"}
        analysers = {
            "inlet": {"driver": "servomex4100", "bus": "broadcast", "channels": CHANNELS},
            "flue1": {"driver": "servomex4100", "bus": "flue", "address": 30, "channels": CHANNELS},
            "flue2": {"driver": "servomex4100", "bus": "flue", "address": 31, "channels": CHANNELS},
            "lost": {"driver": "servomex4100", "bus": "nowhere", "channels": CHANNELS},
        }
        adapters = {"opcua": OPEN}
        settings = {"site": "capturetest", "buses": buses, "analysers": analysers, "adapters": adapters}
        (tmp_path / "gateway.yaml").write_text(json.dumps(settings))
        yield Site(tmp_path)


def permissions(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def test_a_broadcast_is_written_to_a_file_of_this_user_alone(site: Site) -> None:
    done = await site.capture("broadcast", "--duration", "1", "--output", "b.capture")
    assert (done.code, done.out) == (0, "")
    assert "no gateway of this site runs here" in done.messages
    assert done.messages.endswith("written to b.capture\n")
    assert permissions(site.folder / "b.capture") == 0o600
    capture = site.file("b.capture")
    opened, *events = capture.events()
    assert (opened.kind, {event.kind for event in events}) == (EventKind.OPENED, {EventKind.RECEIVED})
    data = b"".join(event.data for event in events)
    assert data.count(b"\r\n") >= 5
    assert capture.header.protocol is ProtocolKind.CONTINUOUS
    again = await site.capture("broadcast", "--duration", "1", "--output", "b.capture")
    assert (again.code, again.messages) == (2, "b.capture: the file exists; name another one, or give --overwrite\n")
    assert b"".join(event.data for event in capture.events()) == data
    (site.folder / "b.capture").chmod(0o644)
    forced = await site.capture("broadcast", "--full", "4", "--output", "b.capture", "--overwrite")
    assert forced.code == 0
    assert len(list(site.file("b.capture").events())) == 4
    assert permissions(site.folder / "b.capture") == 0o600


async def test_ctrl_c_ends_it_with_a_whole_file_and_a_ring_keeps_the_end(site: Site) -> None:
    async with site.capturing("broadcast") as live, site.capturing("broadcast", "--ring", "3", "--output", "r") as ring:
        assert live.process.stdout is not None
        while live.out.count("\n") < 8:
            live.out += (await live.process.stdout.receive()).decode()
        await live.end(signal.SIGINT)
        assert not (await anyio.Path(site.folder / "r").read_text()).partition("\n")[2]  # the header alone, so far
        await ring.end(signal.SIGTERM)
    assert (live.code, ring.code) == (0, 0)
    assert live.out.startswith("# analyser-gateway capture 1 ")
    assert live.out.endswith("\n")
    header, comment, *kept = (await anyio.Path(site.folder / "r").read_text()).splitlines()
    assert header.startswith("# analyser-gateway capture 1 ")
    assert comment.endswith(" earlier events are left out")
    assert len(kept) == 3
    assert len(list(site.file("r").events())) == 3


async def test_polling_asks_every_analyser_of_the_bus(site: Site) -> None:
    done = await site.capture("flue", "--poll", "--duration", "1.5", "--output", "f.capture")
    assert done.code == 0
    assert "asking its analysers once a second" in done.messages
    capture = site.file("f.capture")
    said = [meaning(capture.header.protocol, exchange) for exchange in captured_exchanges(capture)]
    assert {each.outcome for each in said} == {Outcome.ANSWERED}
    assert {(each.unit, each.function, each.address) for each in said} == {
        (unit, function, address) for unit in (30, 31) for function, address in ((8, None), (4, 0), (2, 0), (2, 1000))
    }
    assert not capture.header.listening
    assert capture.header.drivers == {30: "servomex4100", 31: "servomex4100"}


async def test_listening_alone_hears_what_another_master_asks(site: Site) -> None:
    sent = anyio.Event()

    async def another_master(stream: SocketStream) -> None:
        """A line on which somebody asks and somebody answers, in the pieces of a UART."""
        async with stream:
            for entry in VECTORS[:3]:
                for data in (bytes.fromhex(entry["request"]), bytes.fromhex(entry["response"])):
                    for place in range(0, len(data), 16):
                        await stream.send(data[place : place + 16])
                        await anyio.sleep(0.002)
            sent.set()
            await anyio.sleep_forever()

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    settings = json.loads((site.folder / "gateway.yaml").read_text())
    settings["buses"]["flue"]["link"] = f"socket://127.0.0.1:{listener.extra(SocketAttribute.local_port)}"
    (site.folder / "gateway.yaml").write_text(json.dumps(settings))
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, another_master)
        async with site.capturing("flue", "--output", "l.capture") as listening:
            await sent.wait()
            await anyio.sleep(0.3)
            await listening.end(signal.SIGINT)
        tasks.cancel_scope.cancel()
    assert listening.code == 0
    assert "a Modbus analyser speaks only when asked" in listening.messages
    capture = site.file("l.capture")
    assert capture.header.listening
    assert EventKind.SENT not in {event.kind for event in capture.events()}
    exchanges = list(captured_exchanges(capture))
    assert [(each.request.hex(), each.answer.hex()) for each in exchanges] == [
        (entry["request"], entry["response"]) for entry in VECTORS[:3]
    ]


async def test_a_reader_that_has_seen_enough_ends_it(site: Site) -> None:
    piped = f"set -o pipefail; {shlex.join(site.command('broadcast'))} | head -2"
    with anyio.fail_after(30):
        done = await anyio.run_process(
            ["bash", "-c", piped], cwd=site.folder, env=site.environment, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 0
    assert done.stdout.decode().splitlines()[1].endswith(" open")
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr
    assert b"events" in done.stderr


async def test_a_wire_that_cannot_be_opened_is_exit_code_1(site: Site) -> None:
    done = await site.capture("nowhere", "--output", "n.capture")
    assert done.code == 1
    assert "cannot connect" in done.messages


async def test_a_lost_wire_is_part_of_the_capture(tmp_path: Path, site: Site) -> None:
    async def drop(stream: SocketStream) -> None:
        async with stream:
            await stream.send(b"hello")

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    settings = json.loads((tmp_path / "gateway.yaml").read_text())
    settings["buses"]["nowhere"]["link"] = f"socket://127.0.0.1:{listener.extra(SocketAttribute.local_port)}"
    (tmp_path / "gateway.yaml").write_text(json.dumps(settings))
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, drop)
        done = await site.capture("nowhere", "--full", "6", "--output", "n.capture")
        tasks.cancel_scope.cancel()
    assert done.code == 0
    assert done.messages.count("the other side closed it") == 2
    assert done.messages.count("the wire is back") == 1
    kinds = [event.kind for event in site.file("n.capture").events()]
    assert kinds == 2 * [EventKind.OPENED, EventKind.RECEIVED, EventKind.CLOSED]


BAD = {
    "no such bus": (["broadcats"], "there is no bus 'broadcats'; choose from broadcast, flue, nowhere"),
    "polling a broadcast": (["broadcast", "--poll"], "--poll: a continuous analyser talks unasked; leave --poll out"),
    "two extents": (["broadcast", "--full", "5", "--ring", "5"], "--full and --ring exclude each other"),
    "no extent": (["broadcast", "--ring", "lots"], "--ring: 'lots' is neither a number of events"),
    "nothing": (["broadcast", "--full", "0"], "--full: '0' is neither a number of events"),
    "no folder": (["broadcast", "--output", "nowhere/b.capture"], "nowhere: there is no such folder"),
    "a folder": (["broadcast", "--output", "."], ".: it is no ordinary file"),
    "a device": (["broadcast", "--output", "/dev/null", "--overwrite"], "/dev/null: it is no ordinary file"),
    "a link": (["broadcast", "--output", "link", "--overwrite"], "link: it is no ordinary file"),
}


async def test_bad_input_is_exit_code_2_before_anything_starts(site: Site) -> None:
    (site.folder / "link").symlink_to("elsewhere")

    async def check(arguments: list[str], text: str) -> None:
        done = await site.capture(*arguments)
        assert (done.code, done.out) == (2, ""), done.messages
        assert text in done.messages
        assert "gateway of this site" not in done.messages

    limit = anyio.CapacityLimiter(2)

    async def limited(arguments: list[str], text: str) -> None:
        async with limit:
            await check(arguments, text)

    async with anyio.create_task_group() as tasks:
        for arguments, text in BAD.values():
            tasks.start_soon(limited, arguments, text)
