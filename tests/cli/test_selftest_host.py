"""The checks of the self-test that look at this host and at the servers."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from gateway import registry
from gateway.model.readings import AnalyserStatus, ChannelKind, ChannelStatus, ProtocolKind, Reading
from gateway.model.sample import Sample
from gateway.model.stamp import Clock, Stamp
from gateway.selftest.ask_analysers import ask_analysers
from gateway.selftest.checks import (
    analyser_clocks,
    channels,
    descriptors,
    disk,
    host_clock,
    names,
    ports,
    servers,
    settings,
    versions,
)
from gateway.selftest.finding import Finding, Outcome
from gateway.selftest.subject import Subject
from gateway.settings.load import load_settings
from gateway.simulator import FaultKind, LineSettings, SimulatorSettings, TcpLink, running
from gateway.streaming.clock import SystemClock
from gateway.testing.virtual_clock import VirtualClock
from tests.cli import lying_adapter
from tests.cli.selftesting import write_settings
from tests.open_server import OPEN

ROOT = Path(__file__).parents[2]
MakeSubject = Callable[..., Subject]


@pytest.fixture
def subject(tmp_path: Path) -> MakeSubject:
    def make(
        clock: Clock | None = None, link: str = "/dev/no-such-port", pace: dict[str, Any] | None = None, **more: Any
    ) -> Subject:
        protocol = "modbus-tcp" if link.startswith("socket") else "modbus-rtu"
        buses = {"line": {"link": link, "protocol": protocol, "idle_gap_ms": 1}}
        channels = {"I1": {"unit": "%"}, "I2": {"unit": "%"}}
        analysers = {"stack": {"bus": "line", "address": 30, "channels": channels} | (pace or {})}
        config = write_settings(tmp_path / "gateway.yaml", buses, analysers, **more)
        return Subject(config, load_settings(config), clock or SystemClock(), 5.0, lambda _text: None)

    return make


def outcomes(findings: Sequence[Finding]) -> list[Outcome]:
    return [finding.outcome for finding in findings]


async def test_sizes_and_warnings_of_the_settings(subject: MakeSubject) -> None:
    findings = await settings.check(subject(pace={"rate_hz": 0.01, "stale_after_s": 3}))
    assert outcomes(findings) == [Outcome.PASS, Outcome.PASS, Outcome.WARN]
    assert "1 analyser, 1 bus, " in findings[0].text
    assert "line 1%" in findings[1].text or "line 0%" in findings[1].text
    assert "is stale after 3 s but polled only every 100 s" in findings[2].text
    assert findings[2].remedy == "write at least 200"


async def test_ports_that_are_free_taken_or_of_another_host(subject: MakeSubject, unused_port: int) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        adapters = {
            "opcua": OPEN | {"port": taken.getsockname()[1]},
            "epics_ca": {"interfaces": ["127.0.0.1", "203.0.113.7"], "port": unused_port},
        }
        findings = await ports.check(subject(adapters=adapters))
    assert outcomes(findings) == [Outcome.FAIL, Outcome.PASS, Outcome.FAIL]
    assert findings[0].remedy.startswith("is the gateway running? stop it, or use `health`")
    assert findings[2].remedy == "write an address of this machine; 0.0.0.0 takes all"


async def test_a_port_that_the_environment_spells_wrongly(
    subject: MakeSubject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EPICS_CA_SERVER_PORT", "often")
    (finding,) = await ports.check(subject(adapters={"epics_ca": {"interfaces": ["127.0.0.1"]}}))
    assert (finding.outcome, finding.remedy) == (Outcome.FAIL, "correct the EPICS_CA variables")


async def test_names_are_counted(subject: MakeSubject) -> None:
    findings = await names.check(subject())
    assert outcomes(findings) == [Outcome.PASS, Outcome.PASS]
    assert "stack:" in findings[1].text


async def test_servers_show_what_the_analyser_said(subject: MakeSubject) -> None:
    line = LineSettings("line", TcpLink(), ProtocolKind.MODBUS_TCP, baudrate=None, turnaround_s=0.0)
    clock = SystemClock()
    async with running(SimulatorSettings((line,)), clock) as simulator:
        tested = subject(clock, f"socket://{simulator.lines['line'].endpoint}")
        await ask_analysers(tested.buses[0], clock, 5.0, lambda _text: None)
        assert tested.analysers[0].batch
        findings = await servers.check(tested)
    assert outcomes(findings) == [Outcome.PASS, Outcome.PASS]
    assert findings[0].text == "opcua: 2 values read back with value, time stamp and quality as published"


async def test_servers_are_compared_with_the_quality_that_the_settings_want(subject: MakeSubject) -> None:
    line = LineSettings("line", TcpLink(), ProtocolKind.MODBUS_TCP, baudrate=None, turnaround_s=0.0)
    clock = SystemClock()
    wishes: dict[str, Any] = {
        "simulated": True,
        "quality": {"calibrating": {"status": "Uncertain", "severity": "MAJOR"}},
    }
    async with running(SimulatorSettings((line,)), clock) as simulator:
        simulator.instrument("line").switch_on(FaultKind.CALIBRATING, "I1")
        tested = subject(clock, f"socket://{simulator.lines['line'].endpoint}", wishes)
        await ask_analysers(tested.buses[0], clock, 5.0, lambda _text: None)
        assert outcomes(await servers.check(tested)) == [Outcome.PASS, Outcome.PASS]
        assert [finding.text for finding in await channels.check(tested)] == [
            "I1 Oxygen 20.378 % of stack is calibrating: I1/Calibrating is set",
            "stack: I2 CO 0.084 %",
        ]


@pytest.mark.parametrize(
    ("lie", "said"),
    [
        ("value", "was published as 20.378, good, at "),
        ("stamp", "was published as 20.378, good, at "),
        ("quality", "was published as 20.378, good, at "),
        ("start", "opcua: it has no wish to start"),
    ],
)
async def test_a_server_that_shows_something_else_is_found_out(
    lie: str, said: str, subject: MakeSubject, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = LineSettings("line", TcpLink(), ProtocolKind.MODBUS_TCP, baudrate=None, turnaround_s=0.0)
    clock = SystemClock()
    async with running(SimulatorSettings((line,)), clock) as simulator:
        tested = subject(clock, f"socket://{simulator.lines['line'].endpoint}", adapters={"opcua": OPEN})
        await ask_analysers(tested.buses[0], clock, 5.0, lambda _text: None)
    monkeypatch.setitem(registry._entries("adapters"), "opcua", "tests.cli.lying_adapter:LYING")
    monkeypatch.setattr(lying_adapter.LyingKind, "lie", lie)
    (finding,) = await servers.check(tested)
    assert finding.outcome is Outcome.FAIL
    assert said in finding.text
    assert finding.remedy == ("ask it nicely" if lie == "start" else servers._REPORT)


async def test_a_protocol_that_cannot_be_read_back_is_skipped(
    subject: MakeSubject, monkeypatch: pytest.MonkeyPatch
) -> None:
    tested = subject(adapters={"opcua": OPEN})
    monkeypatch.setitem(registry._entries("adapters"), "opcua", "tests.cli.lying_adapter:RETICENT")
    assert outcomes([*await servers.check(tested), *await ports.check(tested)]) == [Outcome.SKIPPED] * 2


async def test_folders_that_the_settings_name_must_be_writable(subject: MakeSubject, tmp_path: Path) -> None:
    fine = subject(audit_file=str(tmp_path / "audit.jsonl"))
    first, here = await disk.check(fine)
    assert (first.outcome, here.outcome) == (Outcome.PASS, Outcome.PASS)
    assert first.text.startswith(f"audit_file: {tmp_path} can be written to, ")
    left = {path.name for path in tmp_path.iterdir()}  # noqa: ASYNC240  a test may wait for its own folder
    assert left == {"gateway.yaml"}, "nothing is left behind"
    missing = subject(audit_file=str(tmp_path / "no-such-folder" / "audit.jsonl"))
    first, here = await disk.check(missing)
    assert (first.outcome, here.outcome) == (Outcome.FAIL, Outcome.PASS)
    assert "cannot be written to: No such file or directory" in first.text


async def test_a_working_folder_that_cannot_be_written_is_only_worth_a_look(
    subject: MakeSubject, monkeypatch: pytest.MonkeyPatch
) -> None:
    tested = subject()
    monkeypatch.chdir("/proc")
    (here,) = await disk.check(tested)
    assert here.outcome is Outcome.WARN
    assert "nothing is kept here" in here.remedy


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit")
def test_few_descriptors_are_worth_a_look() -> None:
    script = (
        "import anyio, resource; from pathlib import Path; from tests.cli.selftesting import *;"
        "from gateway.selftest.checks import descriptors; from types import SimpleNamespace;"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200));"
        "print(anyio.run(descriptors.check, SimpleNamespace(buses=[])))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert "a limit of 200 leaves room for 136 clients" in done.stdout, done.stderr
    assert "LimitNOFILE" in done.stdout


async def test_many_descriptors_are_fine(subject: MakeSubject) -> None:
    assert outcomes(await descriptors.check(subject()))[0] in (Outcome.PASS, Outcome.WARN)


def program(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


CHRONY = "C0A80001,192.168.0.1,3,1700000000.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,64.2,"


@pytest.mark.parametrize(
    ("programs", "outcome", "said"),
    [
        ({"chronyc": f"echo '{CHRONY}Normal'"}, Outcome.PASS, "says chrony"),
        ({"chronyc": f"echo '{CHRONY}Not synchronised'"}, Outcome.WARN, "says chrony"),
        ({"chronyc": "exit 1", "timedatectl": "echo yes"}, Outcome.PASS, "says the kernel"),
        ({"timedatectl": "echo no"}, Outcome.WARN, "says the kernel"),
        ({"timedatectl": "exit 1"}, Outcome.SKIPPED, "cannot be told"),
        ({}, Outcome.SKIPPED, "cannot be told"),
    ],
)
async def test_who_keeps_the_clock_of_the_host_is_asked(
    programs: dict[str, str],
    outcome: Outcome,
    said: str,
    subject: MakeSubject,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, text in programs.items():
        program(tmp_path, name, text)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(host_clock, "_TIMESYNCD", host_clock.anyio.Path(tmp_path / "synchronized"))
    year, kept = await host_clock.check(subject())
    assert (year.outcome, kept.outcome) == (Outcome.PASS, outcome)
    assert said in kept.text
    (tmp_path / "synchronized").touch()
    assert (await host_clock.check(subject()))[1].text == "synchronised, says systemd-timesyncd"


async def test_a_host_that_lives_in_1970_fails(subject: MakeSubject, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = VirtualClock()
    monkeypatch.setattr(clock, "stamp", lambda: Stamp(0, 60_000_000))
    (finding,) = await host_clock.check(subject(clock))
    assert finding.outcome is Outcome.FAIL
    assert "1970-01-01 00:01" in finding.text


async def test_versions_are_compared_with_what_the_distribution_asks_for(
    subject: MakeSubject, monkeypatch: pytest.MonkeyPatch
) -> None:
    (finding,) = await versions.check(subject())
    assert finding.outcome is Outcome.PASS
    assert f"asyncua {metadata.version('asyncua')}" in finding.text
    monkeypatch.setattr(versions, "requires", lambda _name: ["asyncua==1.0.*", "no-such-library>=1"])
    findings = await versions.check(subject())
    assert outcomes(findings) == [Outcome.FAIL, Outcome.FAIL, Outcome.PASS]
    assert f"asyncua is {metadata.version('asyncua')}, ==1.0.* is needed" in findings[0].text
    assert findings[1].remedy.startswith("pip install 'no-such-library>=1'")


@pytest.mark.parametrize(
    ("offset_s", "outcome", "said"),
    [
        (0.4, Outcome.PASS, "shows UTC to within 1 s"),
        (7200 - 3.2, Outcome.PASS, "shows UTC+2 h to within 4 s"),
        (-3.5 * 3600, Outcome.PASS, "shows UTC-3.5 h to within 0 s"),
        (125, Outcome.WARN, "is 125 s ahead of UTC of this host"),
        (-9 * 86400, Outcome.WARN, "is 777600 s behind UTC of this host"),
        (None, Outcome.WARN, "shows no date"),
    ],
)
async def test_the_clock_of_an_analyser_may_run_in_a_time_zone(
    offset_s: float | None, outcome: Outcome, said: str, subject: MakeSubject
) -> None:
    now = SystemClock().stamp()
    clock = None if offset_s is None else now.utc.replace(tzinfo=None) + timedelta(seconds=offset_s)
    tested = subject()
    (analyser,) = tested.analysers
    reading = Reading("I1", ChannelKind.MEASURED, "Oxygen", 20.9, "%", ChannelStatus())
    said_of_itself = {"analyser": AnalyserStatus(clock=clock)}
    analyser.batch = [
        Sample("stack", "I1", reading, ProtocolKind.CONTINUOUS, now.monotonic_ns, now.utc, metadata=said_of_itself)
    ]
    assert (await analyser_clocks.check(tested))[0].outcome is Outcome.SKIPPED, "Modbus gives no clock"
    analyser.description = replace(analyser.description, has_clock=True)
    (finding,) = await analyser_clocks.check(tested)
    assert (finding.outcome, finding.text) == (outcome, f"stack {said}")
