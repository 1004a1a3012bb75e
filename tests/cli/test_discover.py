"""`discover` as a user calls it: from wires to settings that are served."""

from __future__ import annotations

import os
import pty
import re
import signal
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from anyio.abc import Process

from gateway.cli.command import run_command
from gateway.cli.discover_options import parse_addresses, parse_framing
from gateway.cli.discovery_progress import progress_display
from gateway.errors import InputError
from gateway.model.readings import ProtocolKind
from gateway.settings.load import check_settings, load_settings
from gateway.simulator import (
    ChannelSettings,
    InstrumentSettings,
    LineSettings,
    PtyLink,
    SimulatorSettings,
    TcpLink,
    running,
)
from gateway.simulator.signals import Constant
from gateway.streaming.clock import SystemClock
from gateway.wire.detection_settings import SerialFraming
from gateway.wire.serial import serial_ports
from tests.clients.libca import LibcaClient
from tests.ports import free_port

PATIENCE_S = 40


@asynccontextmanager
async def program(*arguments: str, cwd: Path) -> AsyncIterator[Process]:
    """The gateway's program; killed at the end if it still runs."""
    command = [sys.executable, "-W", "error", "-m", "gateway", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    async with await anyio.open_process(command, cwd=cwd, env=environment) as process:
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()


async def said_until(process: Process, last: str) -> str:
    """What a program says on standard error, up to `last`."""
    assert process.stderr is not None
    said = ""
    with anyio.fail_after(PATIENCE_S):
        while last not in said:
            said += (await process.stderr.receive()).decode()
    return said


async def ended(process: Process) -> tuple[int, str, str]:
    """Exit code and what is left of both outputs."""
    assert process.stdout is not None
    assert process.stderr is not None
    with anyio.fail_after(PATIENCE_S):
        output = b"".join([chunk async for chunk in process.stdout])
        messages = b"".join([chunk async for chunk in process.stderr])
        return await process.wait(), output.decode(), messages.decode()


def site(folder: Path) -> SimulatorSettings:
    o2 = {"I1": ChannelSettings("O2", "%", 2, Constant(5.25)), "E1": ChannelSettings("Flow", "mA", 1, Constant(12.5))}
    return SimulatorSettings(
        (
            LineSettings("talker", TcpLink(), ProtocolKind.CONTINUOUS, interval_s=1.0),
            LineSettings(
                "flue",
                PtyLink(folder / "ttyFlue"),
                ProtocolKind.MODBUS_RTU,
                (InstrumentSettings(30), InstrumentSettings(3, o2), InstrumentSettings(4)),
                idle_gap_s=0.05,
            ),
            LineSettings("lab", TcpLink(), ProtocolKind.MODBUS_TCP, (InstrumentSettings(3, o2), InstrumentSettings(4))),
        )
    )


async def test_from_wires_to_values(tmp_path: Path) -> None:
    """Three lines, one endpoint where nobody is: found, drafted, checked, served."""
    nobody = f"socket://127.0.0.1:{free_port()}"
    (tmp_path / "draft.yaml").write_text("an older draft\n")
    async with running(site(tmp_path), SystemClock()) as simulator:
        talker, lab = (f"socket://{simulator.lines[name].endpoint}" for name in ("talker", "lab"))
        options = ["--addresses", "3-4,30", "--output", "draft.yaml", "--overwrite"]
        async with program("discover", talker, "ttyFlue", lab, nobody, *options, cwd=tmp_path) as process:
            code, output, messages = await ended(process)
        assert (code, output) == (0, ""), messages
        assert "Traceback" not in messages
        assert re.search(rf"^{nobody}: cannot connect: .*; check host, port", messages, re.MULTILINE)

        path = tmp_path / "draft.yaml"
        draft = path.read_text()
        settings = load_settings(path, environ={})
        assert check_settings(settings).warnings == ()
        assert [(bus.link, str(bus.protocol)) for bus in settings.buses.values()] == [
            (talker, "continuous"),
            ("ttyFlue", "modbus-rtu"),
            (lab, "modbus-tcp"),
        ]
        found = {
            name: (analyser.bus, getattr(analyser.options, "address", 0), sorted(analyser.options.channels))
            for name, analyser in settings.analysers.items()
        }
        assert found == {
            "analyser1": ("line1", 1, ["I1", "I2", "I3"]),
            "analyser2": ("line2", 3, ["E1", "I1"]),
            "analyser3": ("line2", 4, ["I1", "I2", "I3"]),
            "analyser4": ("line2", 30, ["I1", "I2", "I3"]),
            "analyser5": ("line3", 3, ["E1", "I1"]),
            "analyser6": ("line3", 4, ["I1", "I2", "I3"]),
        }
        assert settings.analysers["analyser2"].rate_hz == 0.83, "three on one line do not fit at 1 Hz"
        assert f"#   {nobody}: not examined" in draft
        assert "measured from one frame to the next" in draft

        opcua_port, ca_port = free_port(), free_port()
        closed = draft.replace("port: 4840", f"port: {opcua_port}")
        path.write_text(closed.replace("interfaces: [127.0.0.1]", f"interfaces: [127.0.0.1], port: {ca_port}"))
        async with program("run", "draft.yaml", cwd=tmp_path) as gateway:
            await said_until(gateway, "; stop with Ctrl-C")
            expected = {"analyser1:I1": 20.378, "analyser2:E1": 12.5, "analyser4:I1": 20.378, "analyser5:I1": 5.25}
            values: dict[str, float] = {}
            with anyio.fail_after(PATIENCE_S):
                while values != expected:
                    answers = await LibcaClient(ca_port).get(*(f"SITE1:{name}" for name in expected))
                    good = {name: answer for name, answer in answers.items() if answer["severity"] == 0}
                    values = {name.removeprefix("SITE1:"): answer["value"] for name, answer in good.items()}
            gateway.send_signal(signal.SIGTERM)
            with anyio.fail_after(PATIENCE_S):
                assert await gateway.wait() == 0


async def test_ctrl_c_ends_at_once_and_what_was_found_is_drafted(tmp_path: Path) -> None:
    async with running(site(tmp_path), SystemClock()):
        async with program("discover", "ttyFlue", "--addresses", "30,100-247", cwd=tmp_path) as process:
            said = await said_until(process, "Servomex 4100 at address 30")
            assert said.startswith("ttyFlue: listening for up to 5.0 s")
            process.send_signal(signal.SIGINT)
            with anyio.fail_after(5):
                code, draft, messages = await ended(process)
    assert code == 0
    assert "interrupted; this is what was found so far\n" in messages
    assert "#     interrupted before the end\n" in draft
    (tmp_path / "draft.yaml").write_text(draft)
    (analyser,) = load_settings(tmp_path / "draft.yaml", environ={}).analysers.values()
    assert getattr(analyser.options, "address", 0) == 30


def test_without_a_link_the_serial_ports_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    ports = serial_ports()
    assert run_command(["discover"]) == (0 if ports else 1)
    listed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in listed] == [port.path for port in ports]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--addresses", "0-3", "/dev/x"], "'0-3' is no address"),
        (["--addresses", "200-300", "/dev/x"], "'200-300' is no address"),
        (["--addresses", "7-5", "/dev/x"], "'7-5' is no address"),
        (["--addresses", "all", "/dev/x"], "'all' is no address"),
        (["--framing", "9N1", "/dev/x"], "'9N1' cannot be read"),
        (["--baudrate", "1234", "/dev/x"], "1234 is not a rate"),
        (["--baudrate", "fast", "/dev/x"], "--baudrate"),
        (["--frame-interval", "0", "/dev/x"], "0 s cannot be set"),
        (["--frame-interval", "10000", "/dev/x"], "10000 s cannot be set"),
        (["--timeout", "0", "/dev/x"], "0 s is no time"),
        (["--timeout", "nan", "/dev/x"], "nan s is no time"),
        (["telnet://host:1"], "unknown link scheme"),
        (["192.168.1.20:4001"], "is not a serial port"),
        ([""], "a link needs"),
        (["--output", "new.yaml"], "nothing to draft from"),
        (["--output", "/no/such/folder/new.yaml", "/dev/x"], "no such folder"),
        (["--output", __file__, "/dev/x"], "the file exists"),
    ],
)
def test_bad_options_are_refused_before_anything_is_examined(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["discover", *arguments]) == 2
    said = capsys.readouterr()
    assert complaint in said.err
    assert said.out == ""
    assert "listening" not in said.err


def test_where_nothing_is_found_there_is_no_draft_and_the_exit_code_is_1(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "draft.yaml"
    nobody = f"socket://127.0.0.1:{free_port()}"
    assert run_command(["discover", "/dev/no-such-port", nobody, nobody, "--output", str(output)]) == 1
    said = capfd.readouterr()
    assert (said.out, output.exists()) == ("", False)
    problems = [line for line in said.err.splitlines() if "; check" in line]
    assert [line.split(": ")[0] for line in problems] == ["/dev/no-such-port", nobody]
    assert said.err.endswith("no analyser was found, so there is nothing to draft\n")


@pytest.mark.parametrize(
    ("text", "addresses"),
    [("30", (30,)), ("1-3", (1, 2, 3)), ("5, 1-2,5", (5, 1, 2)), ("247", (247,))],
)
def test_addresses_are_taken_in_the_order_given(text: str, addresses: tuple[int, ...]) -> None:
    assert parse_addresses(text) == addresses


def test_framing_is_read_as_people_write_it() -> None:
    assert parse_framing("8N1") == SerialFraming()
    assert parse_framing("7e2") == SerialFraming(7, "even", 2)
    assert str(SerialFraming(7, "odd", 2)) == "7O2"
    with pytest.raises(InputError):
        parse_framing("8N")


def test_a_terminal_gets_bars_and_the_findings_above_them() -> None:
    seen, shown = bytearray(), threading.Event()
    ours, theirs = pty.openpty()

    def watch() -> None:
        while not shown.is_set():
            seen.extend(os.read(ours, 65536))
            if b"7/9" in seen and b"address 30 answers" in seen:
                shown.set()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    with os.fdopen(theirs, "w") as terminal, progress_display(terminal) as display:
        link = display.link("/dev/ttyUSB0")
        link.phase("listening [not markup]", None)
        link.phase("asking 9 addresses", 9)
        for _ in range(7):
            link.step()
        link.found("address 30 answers [1e 08]")
        assert shown.wait(10), bytes(seen)
    os.close(ours)
    text = re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]", b"", bytes(seen))
    assert b"/dev/ttyUSB0: address 30 answers [1e 08]" in text
