"""One wire is examined: what is found, how it was proved, and what was sent to find it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.abc import ByteStream, SocketAttribute, SocketStream

from gateway import registry
from gateway.model.bus_spec import Link
from gateway.model.discovery import LinkFinding
from gateway.model.readings import ProtocolKind
from gateway.ports import DiscoverableDriver
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
from gateway.simulator.line import Line
from gateway.streaming.clock import SystemClock
from gateway.wire.detection import Detection
from gateway.wire.detection_settings import USUAL_ADDRESSES, DetectionSettings, SerialFraming
from gateway.wire.opener import ByteLinkOpener

QUICK = DetectionSettings(
    addresses=(29, 30, 31),
    frame_interval_s=0.05,
    least_listening_s=0.1,
    measuring_s=0.01,
    answer_s=0.1,
    reading_s=0.1,
    idle_gap_ms=2,
)
RTU, ASCII, TCP = ProtocolKind.MODBUS_RTU, ProtocolKind.MODBUS_ASCII, ProtocolKind.MODBUS_TCP
BENCH = ("I1", "I2", "I3", "E1", "E2")


@dataclass
class Notebook:
    """Keeps what a watcher is told."""

    phases: list[str] = field(default_factory=list)
    steps: int = 0
    lines: list[str] = field(default_factory=list)

    def phase(self, what: str, steps: int | None) -> None:
        del steps
        self.phases.append(what)

    def step(self) -> None:
        self.steps += 1

    def found(self, what: str) -> None:
        self.lines.append(what)


def drivers() -> dict[str, DiscoverableDriver]:
    found = {name: registry.driver(name) for name in registry.driver_names()}
    return {name: driver for name, driver in found.items() if isinstance(driver, DiscoverableDriver)}


async def examine(link: str, settings: DetectionSettings = QUICK, notebook: Notebook | None = None) -> LinkFinding:
    detection = Detection(Link.parse(link), drivers(), settings, SystemClock(), notebook or Notebook())
    with anyio.fail_after(20):
        await detection.run()
    return detection.finding


@asynccontextmanager
async def simulated(link: PtyLink | TcpLink, protocol: ProtocolKind, **options: Any) -> AsyncIterator[tuple[str, Line]]:
    """A line of the simulator and the link to it; without pacing unless told otherwise."""
    settings = {"baudrate": None, "turnaround_s": 0.0, "interval_s": 0.03} | options
    line = LineSettings("line", link, protocol, **settings)
    async with running(SimulatorSettings((line,)), SystemClock()) as simulator:
        opened = simulator.lines["line"]
        yield (f"socket://{opened.endpoint}" if isinstance(link, TcpLink) else opened.endpoint), opened


@asynccontextmanager
async def peer(attend: Callable[[ByteStream], Awaitable[None]]) -> AsyncIterator[str]:
    """A TCP endpoint of which the test plays the other side."""
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")

    async def handle(stream: SocketStream) -> None:
        async with stream:
            with suppress(anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
                await attend(stream)

    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, handle)
        yield f"socket://127.0.0.1:{listener.extra(SocketAttribute.local_port)}"
        tasks.cancel_scope.cancel()


@asynccontextmanager
async def wiretap(link: str, sent: bytearray) -> AsyncIterator[str]:
    """A link to the same endpoint that notes what is sent to it."""
    host, _, port = link.removeprefix("socket://").rpartition(":")

    async def attend(stream: ByteStream) -> None:
        async with await anyio.connect_tcp(host, int(port)) as inner, anyio.create_task_group() as tasks:

            async def back() -> None:
                try:
                    async for data in inner:
                        await stream.send(data)
                finally:
                    tasks.cancel_scope.cancel()

            tasks.start_soon(back)
            try:
                async for data in stream:
                    sent.extend(data)
                    await inner.send(data)
            finally:
                tasks.cancel_scope.cancel()

    async with peer(attend) as address:
        yield address


@pytest.mark.parametrize("serial", [True, False], ids=["pty", "tcp"])
async def test_continuous_mode_is_heard_and_nothing_is_sent(serial: bool, tmp_path: Path) -> None:
    link = PtyLink(tmp_path / "tty") if serial else TcpLink()
    async with simulated(link, ProtocolKind.CONTINUOUS) as (address, _):
        notebook = Notebook()
        finding = await examine(address, notebook=notebook)
    assert finding.complete
    assert finding.problem is None
    assert finding.spec is not None
    assert (finding.spec.link, finding.spec.protocol) == (address, ProtocolKind.CONTINUOUS)
    assert "right checksum" in finding.proof
    (analyser,) = finding.analysers
    assert (analyser.driver, analyser.address) == ("servomex4100", None)
    assert tuple(channel.channel for channel in analyser.identity.channels) == BENCH
    assert len(notebook.phases) == 1
    assert notebook.phases[0].endswith("nothing is sent")


@pytest.mark.parametrize(
    ("protocol", "serial"),
    [(RTU, True), (ASCII, True), (RTU, False), (ASCII, False), (TCP, False)],
    ids=["rtu", "ascii", "rtu-over-tcp", "ascii-over-tcp", "modbus-tcp"],
)
async def test_every_instrument_of_a_modbus_line_is_found(protocol: ProtocolKind, serial: bool, tmp_path: Path) -> None:
    neighbour = InstrumentSettings(31, {"I2": ChannelSettings("SO2", "vpm", 1)})
    link = PtyLink(tmp_path / "tty") if serial else TcpLink()
    async with simulated(link, protocol, instruments=(InstrumentSettings(30), neighbour)) as (address, _):
        finding = await examine(address)
    assert finding.complete
    assert finding.spec is not None
    assert finding.spec.protocol is protocol
    assert finding.spec.timeout_s == 1.0, "the draft keeps the patience of a running gateway"
    assert [analyser.address for analyser in finding.analysers] == [30, 31]
    bench, other = (analyser.identity for analyser in finding.analysers)
    assert [(channel.channel, channel.name, channel.unit, channel.value) for channel in bench.channels[:3]] == [
        ("I1", "Oxygen", "%", 20.378),
        ("I2", "CO", "%", 0.084),
        ("I3", "CO2", "%", 0.25),
    ]
    assert [channel.channel for channel in other.channels] == ["I2", "E1", "E2"]
    assert finding.proof.startswith("address 30 returned the loopback ")


async def test_only_loopbacks_and_reads_are_sent_each_loopback_with_a_number_of_its_own() -> None:
    sent = bytearray()
    async with simulated(TcpLink(), RTU) as (address, line), wiretap(address, sent) as tapped:
        finding = await examine(tapped, replace(QUICK, answer_s=0.3))
        assert len(finding.analysers) == 1
        assert line.instruments[30].coils.values == (False,) * 9
    assert len(sent) % 8 == 0, "each of these requests has eight bytes"
    requests = [bytes(sent[start : start + 8]) for start in range(0, len(sent), 8)]
    assert {request[0] for request in requests} <= set(QUICK.addresses)
    assert {request[1] for request in requests} == {2, 4, 8}
    scanned = [request[4:6] for request in requests if request[1] == 8 and request[4] >= 0x80]
    assert len(scanned) == len(set(scanned)) == 3 + 2 + 1, "three addresses, the two silent ones again, and the bus"


async def test_a_modbus_gateway_hangs_up_on_serial_framings_and_nothing_reaches_its_line() -> None:
    async with simulated(TcpLink(), TCP) as (address, line):
        sent = bytearray()
        async with wiretap(address, sent) as tapped:
            finding = await examine(tapped, replace(QUICK, addresses=(30,)))
        assert finding.spec is not None
        assert finding.spec.protocol is TCP
        answered = line.conversation.answered
    rtu, _, rest = bytes(sent).partition(b":")
    assert (rtu[1], rtu[4] >= 0x80) == (8, True), "what a gateway takes for a length is out of its range"
    assert answered == rest.count(b"\0\0\0\6\x1e"), "nothing but the Modbus TCP requests was answered"


async def test_a_gateway_that_reports_an_absent_instrument_proves_modbus_tcp() -> None:
    async def attend(stream: ByteStream) -> None:
        while True:
            request = await stream.receive()
            if request[2:4] != b"\0\0" or request[4] or len(request) != 12:
                return
            absent = request[6] != 30
            answer = bytes([request[6], request[7] | 0x80, 11 if absent else 1])
            await stream.send(request[:4] + b"\0\3" + answer)

    async with peer(attend) as address:
        finding = await examine(address)
    assert finding.spec is not None
    assert finding.spec.protocol is TCP
    assert finding.proof == "a Modbus gateway answered the loopback with Modbus exception 11 for address 29"
    assert finding.analysers == []
    assert finding.remarks == ["address 30 speaks Modbus, but is no instrument that a driver knows"]


async def test_a_line_on_which_others_talk_is_left_alone_unless_that_is_wanted() -> None:
    received = bytearray()

    async def babble(stream: ByteStream) -> None:
        async with anyio.create_task_group() as tasks:

            async def talk() -> None:
                with suppress(anyio.BrokenResourceError):
                    while True:
                        await stream.send(b"\x05\x03\x00\x00\x00\x02\xc5\x8f")
                        await anyio.sleep(0.02)

            tasks.start_soon(talk)
            with suppress(anyio.BrokenResourceError):
                async for data in stream:
                    received.extend(data)
            tasks.cancel_scope.cancel()

    async with peer(babble) as address:
        finding = await examine(address)
        assert received == b""
        assert (finding.spec, finding.analysers, finding.complete) == (None, [], True)
        assert "they begin with 05 03 00 00" in finding.remarks[0]
        assert "nothing was sent" in finding.remarks[1]
        assert "--force" in finding.remarks[1]
        await examine(address, replace(QUICK, ask_talking_line=True, addresses=(30,), rounds=1))
        assert received.startswith(b"\x1e\x08\x00\x00")


async def test_frames_that_are_damaged_are_talk_too(tmp_path: Path) -> None:
    async with simulated(PtyLink(tmp_path / "tty"), ProtocolKind.CONTINUOUS) as (address, line):
        line.instruments[30].switch_on(FaultKind.DAMAGED)
        notebook = Notebook()
        finding = await examine(address, replace(QUICK, baudrates=(9600, 19200)), notebook)
    assert finding.spec is None
    assert [phase.partition(" at ")[2] for phase in notebook.phases] == [
        "9600 8N1; nothing is sent",
        "19200 8N1; nothing is sent",
    ]
    assert "nothing was sent" in finding.remarks[-1]


async def test_a_silent_line_is_asked_at_each_rate_in_each_framing_twice(tmp_path: Path) -> None:
    async with simulated(PtyLink(tmp_path / "tty"), RTU) as (address, line):
        line.instruments[30].switch_on(FaultKind.SILENT)
        notebook = Notebook()
        settings = replace(QUICK, baudrates=(9600, 19200), addresses=(30,), answer_s=0.02)
        finding = await examine(address, settings, notebook)
    assert (finding.spec, finding.problem, finding.complete) == (None, None, True)
    assert notebook.steps == 8
    assert notebook.phases[1:5] == [
        "asking address 30 by modbus-rtu at 9600 8N1",
        "asking address 30 by modbus-ascii at 9600 8N1",
        "asking address 30 by modbus-rtu at 19200 8N1",
        "asking address 30 by modbus-ascii at 19200 8N1",
    ]
    assert finding.remarks[0].startswith("nothing was heard, and no answer came from address 30")


async def test_a_long_frame_interval_is_waited_for_when_it_is_told(tmp_path: Path) -> None:
    """The interval is several times the window that is usual here; each examination ends with a frame."""
    async with simulated(PtyLink(tmp_path / "tty"), ProtocolKind.CONTINUOUS, interval_s=0.6) as (address, _):
        told = replace(QUICK, addresses=(), frame_interval_s=0.6)
        findings = [await examine(address, settings) for settings in (told, replace(QUICK, addresses=()), told)]
    assert [finding.spec is not None for finding in findings] == [True, False, True]


async def test_the_frame_interval_is_measured(tmp_path: Path) -> None:
    async with simulated(PtyLink(tmp_path / "tty"), ProtocolKind.CONTINUOUS, interval_s=1.0) as (address, _):
        finding = await examine(address, replace(QUICK, frame_interval_s=7.0, measuring_s=5.0))
    (analyser,) = finding.analysers
    assert analyser.identity.keys == {"frame_interval_s": 1}
    assert "measured" in analyser.identity.remarks[0]


async def test_an_instrument_that_refuses_broad_reads_is_read_slot_by_slot(tmp_path: Path) -> None:
    async with simulated(PtyLink(tmp_path / "tty"), RTU) as (address, line):
        line.instruments[30].switch_on(FaultKind.NARROW_READS)
        finding = await examine(address)
    (analyser,) = finding.analysers
    assert tuple(channel.channel for channel in analyser.identity.channels) == BENCH
    assert analyser.identity.channels[0].value == 20.378
    assert analyser.identity.remarks == (
        "a read over all slots is refused, so the gateway will read its channels one by one",
    )


async def test_a_garbled_answer_is_told_apart_from_silence(tmp_path: Path) -> None:
    instruments = (InstrumentSettings(30), InstrumentSettings(31))
    async with simulated(PtyLink(tmp_path / "tty"), RTU, instruments=instruments) as (address, line):
        line.instruments[31].switch_on(FaultKind.DAMAGED)
        finding = await examine(address, replace(QUICK, answer_s=0.3))
    assert [analyser.address for analyser in finding.analysers] == [30]
    (remark,) = finding.remarks
    assert remark.startswith("garbled answer from address 31: ")
    assert "two instruments with this address" in remark


async def test_a_line_that_returns_what_is_sent_proves_nothing() -> None:
    async def echo(stream: ByteStream) -> None:
        while True:
            await stream.send(await stream.receive())

    async with peer(echo) as address:
        finding = await examine(address)
    assert (finding.spec, finding.analysers) == (None, [])
    (remark,) = finding.remarks
    assert "local echo" in remark


async def test_the_gap_of_the_bench_is_kept_and_answers_take_their_time(tmp_path: Path) -> None:
    paced = {"baudrate": 19200, "turnaround_s": 0.04, "idle_gap_s": 0.05}
    async with simulated(PtyLink(tmp_path / "tty"), RTU, **paced) as (address, line):
        patient = replace(QUICK, answer_s=None, reading_s=None, idle_gap_ms=50, addresses=(29, 30), rounds=1)
        finding = await examine(address, patient)
        assert line.conversation.ignored == 0
    assert [analyser.address for analyser in finding.analysers] == [30]


@pytest.mark.parametrize("address", ["/dev/no-such-port", "socket://127.0.0.1:{port}", "rfc2217://127.0.0.1:{port}"])
async def test_a_link_that_cannot_be_opened_is_a_problem_with_a_remedy(address: str, unused_port: int) -> None:
    finding = await examine(address.format(port=unused_port))
    assert not finding.complete
    assert finding.problem is not None
    assert finding.problem.hint


async def test_a_port_that_another_program_has_open_is_left_to_it(tmp_path: Path) -> None:
    async with simulated(PtyLink(tmp_path / "tty"), ProtocolKind.CONTINUOUS) as (address, _):
        spec = QUICK.bus(Link.parse(address), ProtocolKind.CONTINUOUS, 19200)
        async with ByteLinkOpener("other", spec, SystemClock()).open() as other:
            finding = await examine(address)
            with anyio.fail_after(5):
                assert await other.receive()
    assert finding.problem is not None
    assert "lock" in finding.problem.what
    assert "no other program has the port open" in finding.problem.hint


async def test_what_was_found_before_a_cancellation_is_kept(tmp_path: Path) -> None:
    async with simulated(PtyLink(tmp_path / "tty"), RTU) as (address, _):
        settings = replace(QUICK, addresses=(30, *range(32, 200)))
        with anyio.fail_after(10), anyio.CancelScope() as scope:

            class Impatient(Notebook):
                def found(self, what: str) -> None:
                    if what.startswith("Servomex"):
                        scope.cancel()

            detection = Detection(Link.parse(address), drivers(), settings, SystemClock(), Impatient())
            await detection.run()
        assert scope.cancelled_caught
        assert not detection.finding.complete
        again = await examine(address)
    assert len(detection.finding.analysers) == len(again.analysers) == 1, "the port was free again at once"


def test_the_usual_addresses_begin_with_the_likely_ones() -> None:
    assert USUAL_ADDRESSES[:3] == (1, 30, 2)
    assert sorted(USUAL_ADDRESSES) == list(range(1, 33))


@pytest.mark.parametrize(
    ("link", "framing", "expected"),
    [
        ("/dev/ttyUSB0", SerialFraming(), [RTU, ASCII]),
        ("/dev/ttyUSB0", SerialFraming(7, "even"), [ASCII]),
        ("socket://host:4001", SerialFraming(), [RTU, ASCII, TCP]),
        ("socket://host:502", SerialFraming(), [TCP, RTU, ASCII]),
        ("rfc2217://host:4001", SerialFraming(), []),
    ],
)
def test_framings_in_the_order_in_which_they_are_asked_for(
    link: str, framing: SerialFraming, expected: list[ProtocolKind]
) -> None:
    assert list(DetectionSettings(framing=framing).protocols(Link.parse(link))) == expected


def test_windows_and_waits_follow_the_baud_rate() -> None:
    settings = DetectionSettings()
    assert settings.listening_s(272, 19200) == 5.0
    assert DetectionSettings(frame_interval_s=9999).listening_s(272, 2400) == 2 * 9999 + 272 * 10 / 2400
    link = Link.parse("/dev/ttyUSB0")
    waits = [settings.asking(settings.bus(link, RTU, rate)).timeout_s for rate in (2400, 19200)]
    assert waits == [pytest.approx(0.2 + 16 * 10 / 2400), pytest.approx(0.2 + 16 * 10 / 19200)]
    timeouts = [settings.bus(link, protocol, rate).timeout_s for protocol, rate in ((RTU, 19200), (ASCII, 2400))]
    assert timeouts == [1.0, 2.7], "the longest ASCII message takes 2.1 s at 2400 baud"
