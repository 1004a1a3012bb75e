"""`selftest` as a user calls it: the page, the exit code, progress on a terminal, and Ctrl-C."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import anyio
import pytest

from gateway.model.readings import ProtocolKind
from gateway.selftest.finding import Section, failed, passed, skipped, warned
from gateway.selftest.page import page
from gateway.simulator import FaultKind, LineSettings, SimulatorSettings, TcpLink, running
from gateway.streaming.clock import SystemClock
from tests.cli.selftesting import normalised, write_settings

ROOT = Path(__file__).parents[2]
OUTSIDE = ROOT / "tests" / "system" / "outside"
PAGES = Path(__file__).parent / "pages"
CHANNELS = {"I1": {"unit": "%", "range": [0, 25]}}


@pytest.fixture(autouse=True)
def own_sockets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-W", "error", "-m", "gateway", "selftest", *arguments]


def line(name: str, protocol: ProtocolKind) -> LineSettings:
    return LineSettings(name, TcpLink(), protocol, baudrate=None, turnaround_s=0.0, interval_s=0.3)


async def test_a_whole_site_that_is_well(tmp_path: Path) -> None:
    lines = (line("modbus", ProtocolKind.MODBUS_RTU), line("air", ProtocolKind.CONTINUOUS))
    async with running(SimulatorSettings(lines), SystemClock()) as simulator:
        links = {name: f"socket://{each.endpoint}" for name, each in simulator.lines.items()}
        buses = {
            "modbus": {"link": links["modbus"], "protocol": "modbus-rtu"},
            "air": {"link": links["air"], "protocol": "continuous"},
        }
        analysers = {
            "stack": {"bus": "modbus", "address": 30, "description": "Flue gas", "channels": CHANNELS},
            "inlet": {"bus": "air", "frame_interval_s": 1, "channels": CHANNELS},
        }
        config = write_settings(tmp_path / "gateway.yaml", buses, analysers)
        with anyio.fail_after(60):
            done = await anyio.run_process(command(config.name), check=False, cwd=tmp_path, env=dict(os.environ))
    assert (done.returncode, done.stderr) == (0, b"")
    text = normalised(done.stdout.decode(), **links)
    known, about_this_host = re.split(r"(?=\nClock of this host\n)", text)
    assert known == (PAGES / "selftest-whole-site.txt").read_text()
    for sure in (
        "  pass     opcua: 2 values read back with value, time stamp and quality as published",
        "  pass     epics_ca: 2 values read back with value, time stamp and quality as published",
        "  pass     opcua: some port on 127.0.0.1 is free",
        "asyncua 2.1.",
        ", 0 failed, ",
    ):
        assert sure in about_this_host


async def test_a_failure_is_exit_code_1_and_bad_settings_are_2(tmp_path: Path) -> None:
    buses = {"line": {"link": "/dev/no-such-port", "protocol": "modbus-rtu"}}
    config = write_settings(
        tmp_path / "gateway.yaml", buses, {"stack": {"bus": "line", "channels": CHANNELS}}, adapters={"epics_ca": {}}
    )
    with anyio.fail_after(60):
        done = await anyio.run_process(command(str(config)), check=False, env=dict(os.environ))
    assert (done.returncode, done.stderr) == (1, b"")
    assert "there is no such port" in done.stdout.decode()
    assert "epics_ca: 1 value read back" in done.stdout.decode(), "a silent analyser is served as what it is"
    config.write_text("site: 3\n")
    refused = await anyio.run_process(command(str(config)), check=False)
    assert (refused.returncode, refused.stdout) == (2, b"")


async def test_parts_of_other_distributions_are_tested_and_explained_as_far_as_they_tell(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(OUTSIDE)}
    async with running(SimulatorSettings((line("modbus", ProtocolKind.MODBUS_TCP),)), SystemClock()) as simulator:
        buses = {"line": {"link": f"socket://{simulator.lines['modbus'].endpoint}", "protocol": "modbus-tcp"}}
        analysers = {"kitchen": {"driver": "thermometer", "bus": "line", "register": 2}}
        config = write_settings(tmp_path / "gateway.yaml", buses, analysers, adapters={"lines": {}})
        with anyio.fail_after(60):
            done = await anyio.run_process(command(str(config)), check=False, env=environment)
    text = done.stdout.decode()
    assert (done.returncode, done.stderr) == (0, b"")
    assert "  pass     kitchen answers reads\n" in text
    assert "  skipped  kitchen takes no commands this way\n" in text
    assert "  skipped  lines cannot be tried out on loopback\n" in text
    verb = [sys.executable, "-m", "gateway", "explain", str(config), "kitchen/T/Value"]
    explained = await anyio.run_process(verb, env=environment)
    assert "The driver thermometer does not tell." in explained.stdout.decode()


async def test_ctrl_c_ends_it_with_the_page_so_far(tmp_path: Path) -> None:
    """The terminal shows what is being waited for; then Ctrl-C comes, and the process is gone soon after."""
    async with running(SimulatorSettings((line("air", ProtocolKind.CONTINUOUS),)), SystemClock()) as simulator:
        simulator.instrument("air").switch_on(FaultKind.SILENT)
        buses = {"air": {"link": f"socket://{simulator.lines['air'].endpoint}", "protocol": "continuous"}}
        analysers = {"inlet": {"bus": "air", "frame_interval_s": 600, "channels": CHANNELS}}
        config = write_settings(tmp_path / "gateway.yaml", buses, analysers)
        ours, theirs = pty.openpty()
        async with await anyio.open_process(
            command(str(config), "--patience", "1000"), stdout=subprocess.PIPE, stderr=theirs, env=dict(os.environ)
        ) as process:
            os.close(theirs)
            seen = b""
            with anyio.fail_after(30):
                while b"listening to inlet for up to 1000 s" not in seen:
                    await anyio.wait_readable(ours)
                    seen += os.read(ours, 4096)
            process.send_signal(signal.SIGINT)
            assert process.stdout is not None
            with anyio.fail_after(10):
                text = b"".join([chunk async for chunk in process.stdout]).decode()
                assert await process.wait() == 1
        os.close(ours)
    assert b"[3/15] Buses" in seen
    assert "  skipped  stopped before it was done\n" in text
    assert text.rstrip().endswith("stopped before the end")


def test_the_page_wraps_long_lines_and_counts() -> None:
    sections = [
        Section("Buses", (passed("line can be opened"), failed(f"the other {'cannot ' * 20}", "look " * 30))),
        Section("Clock", (warned("slow", "wind it up"), skipped("nobody asked"), passed("fine"))),
    ]
    text = page("gateway.yaml, site shop", datetime(2026, 5, 4, 12, tzinfo=UTC), sections, complete=True)
    assert text == (PAGES / "selftest-layout.txt").read_text()
    assert max(map(len, text.splitlines())) <= 110
    assert page("x", datetime(2026, 5, 4, tzinfo=UTC), [], complete=False).endswith(
        "0 passed, 0 to look at, 0 failed, 0 skipped; stopped before the end\n"
    )
