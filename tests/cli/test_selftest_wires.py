"""The self-test on simulated wires, right and wrong ones; what it says is as recorded in `pages`."""

from __future__ import annotations

import fcntl
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest

from gateway.control.server import ControlServer
from gateway.control.socket_path import control_path
from gateway.errors import ActionRefusedError
from gateway.model.bus_spec import BusSpec
from gateway.model.readings import ProtocolKind
from gateway.selftest.finding import Outcome
from gateway.selftest.reading_bus import ReadingBus
from gateway.simulator import (
    FaultKind,
    InstrumentSettings,
    LineSettings,
    PtyLink,
    SimulatorSettings,
    TcpLink,
    running,
)
from gateway.simulator.modbus_line import ModbusLine
from gateway.streaming.clock import SystemClock
from gateway.wire.bus import SharedModbusBus
from tests.cli.selftesting import outcomes, shown, wire_checks, write_settings

PAGES = Path(__file__).parent / "pages"
BENCH: dict[str, Any] = {"I1": {"unit": "%", "range": [0, 25]}, "I2": {"unit": "%"}, "E1": {"unit": "mA"}}


@pytest.fixture(autouse=True)
def own_sockets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


@pytest.fixture
def clock() -> SystemClock:
    return SystemClock()


def line(protocol: ProtocolKind, *instruments: InstrumentSettings, path: Path | None = None) -> LineSettings:
    link = TcpLink() if path is None else PtyLink(path)
    offered = instruments or (InstrumentSettings(),)
    return LineSettings("line", link, protocol, offered, baudrate=None, turnaround_s=0.0, interval_s=0.3)


def bus(link: str, protocol: str = "modbus-rtu") -> dict[str, Any]:
    if protocol == "continuous":
        return {"link": link, "protocol": protocol}
    return {"link": link, "protocol": protocol, "timeout_s": 0.15, "idle_gap_ms": 5, "attempts": 2}


def one(bus_of: str = "line", **more: Any) -> dict[str, Any]:
    return {"bus": bus_of, "address": 30, "channels": BENCH} | more


def recorded(name: str) -> str:
    return (PAGES / f"selftest-{name}.txt").read_text()


async def test_all_is_well_on_every_kind_of_wire(tmp_path: Path, clock: SystemClock) -> None:
    rtu = replace(line(ProtocolKind.MODBUS_RTU, path=tmp_path / "tty"), name="rtu")
    tcp = replace(line(ProtocolKind.MODBUS_TCP), name="tcp")
    continuous = replace(line(ProtocolKind.CONTINUOUS), name="continuous")
    async with running(SimulatorSettings((rtu, tcp, continuous)), clock) as simulator:
        links = {name: f"socket://{simulator.lines[name].endpoint}" for name in ("tcp", "continuous")}
        buses = {
            "rtu": bus(str(tmp_path / "tty")),
            "tcp": bus(links["tcp"], "modbus-tcp"),
            "air": bus(links["continuous"], "continuous"),
        }
        talking = {"bus": "air", "frame_interval_s": 1, "channels": BENCH}
        analysers = {"stack": one("rtu"), "bench": one("tcp"), "inlet": talking}
        sections = await wire_checks(write_settings(tmp_path / "gateway.yaml", buses, analysers))
    places = {"tty": str(tmp_path / "tty"), "tcp": links["tcp"], "continuous": links["continuous"]}
    assert shown(sections, **places) == recorded("all-well")


async def test_a_silent_analyser_among_others_and_a_wrong_address(tmp_path: Path, clock: SystemClock) -> None:
    rtu = line(ProtocolKind.MODBUS_RTU, InstrumentSettings(30), InstrumentSettings(31))
    async with running(SimulatorSettings((rtu,)), clock) as simulator:
        simulator.instrument("line", 31).switch_on(FaultKind.SILENT)
        link = f"socket://{simulator.lines['line'].endpoint}"
        analysers = {"good": one(), "silent": one(address=31), "wrong": one(address=77)}
        sections = await wire_checks(write_settings(tmp_path / "gateway.yaml", {"line": bus(link)}, analysers))
    assert shown(sections, link=link) == recorded("silent-analyser")


async def test_nobody_answers_and_nothing_is_heard(tmp_path: Path, clock: SystemClock) -> None:
    async with running(SimulatorSettings((line(ProtocolKind.MODBUS_RTU),)), clock) as simulator:
        link = f"socket://{simulator.lines['line'].endpoint}"
        config = write_settings(tmp_path / "gateway.yaml", {"line": bus(link)}, {"stack": one(address=77)})
        sections = await wire_checks(config, patience_s=1.0)
    assert shown(sections, link=link) == recorded("wrong-address")


async def test_a_line_configured_for_modbus_that_talks_continuous_frames(tmp_path: Path, clock: SystemClock) -> None:
    tty = tmp_path / "tty"
    async with running(SimulatorSettings((line(ProtocolKind.CONTINUOUS, path=tty),)), clock):
        config = write_settings(tmp_path / "gateway.yaml", {"line": bus(str(tty))}, {"stack": one()})
        sections = await wire_checks(config)
    assert shown(sections, tty=str(tty)) == recorded("wrong-mode")


async def test_the_other_modbus_framing_is_found(tmp_path: Path, clock: SystemClock) -> None:
    async with running(SimulatorSettings((line(ProtocolKind.MODBUS_ASCII),)), clock) as simulator:
        link = f"socket://{simulator.lines['line'].endpoint}"
        config = write_settings(tmp_path / "gateway.yaml", {"line": bus(link)}, {"stack": one()})
        sections = await wire_checks(config, patience_s=2.0)
    text = shown(sections, link=link)
    assert "fail: stack at address 30 does not answer; stack at address 30 answers in modbus-ascii" in text
    assert "-> write `protocol: modbus-ascii` for this bus" in text


async def test_a_continuous_line_that_is_silent_garbled_or_slow(tmp_path: Path, clock: SystemClock) -> None:
    names = ("silent", "garbled", "slow")
    lines = tuple(replace(line(ProtocolKind.CONTINUOUS), name=name) for name in names)
    async with running(SimulatorSettings(lines), clock) as simulator:
        simulator.instrument("silent").switch_on(FaultKind.SILENT)
        simulator.instrument("garbled").switch_on(FaultKind.DAMAGED)
        simulator.instrument("slow").switch_on(FaultKind.SILENT)
        links = {name: f"socket://{simulator.lines[name].endpoint}" for name in names}
        buses = {name: bus(links[name], "continuous") for name in names}
        intervals = {"silent": 1, "garbled": 1, "slow": 600}
        analysers = {
            name: {"bus": name, "channels": BENCH, "frame_interval_s": interval} for name, interval in intervals.items()
        }
        sections = await wire_checks(write_settings(tmp_path / "gateway.yaml", buses, analysers), patience_s=4.0)
    assert outcomes(sections, "Analysers") == [Outcome.FAIL, Outcome.FAIL, Outcome.WARN]
    text = shown(sections, **links)
    assert "silent was silent for 4 s, more than two intervals of 1 s" in text
    assert "garbled sent no good frame: the frame carries checksum" in text
    assert "slow was silent for 4 s, but it sends only every 600 s -> wait longer: --patience 1202" in text


async def test_wrong_units_channels_that_are_not_there_and_states_of_the_analyser(
    tmp_path: Path, clock: SystemClock
) -> None:
    channels = {
        "I1": {"unit": "%", "range": [0, 5]},
        "I2": {"unit": "vpm"},
        "I3": {"unit": "%"},
        "I4": {"unit": "%"},
    }
    async with running(SimulatorSettings((line(ProtocolKind.MODBUS_TCP),)), clock) as simulator:
        simulator.instrument("line").switch_on(FaultKind.CALIBRATING, "I3")
        simulator.instrument("line").coils.write(1, on=True, now_s=0.0)
        link = f"socket://{simulator.lines['line'].endpoint}"
        buses = {"line": bus(link, "modbus-tcp")}
        config = write_settings(tmp_path / "gateway.yaml", buses, {"stack": one(channels=channels)})
        sections = await wire_checks(config)
        assert simulator.instrument("line").coils.values[1], "a leftover is reported, never cleared"
    assert shown(sections, link=link) == recorded("wrong-channels")


async def test_an_instrument_that_refuses_broad_reads_is_read_all_the_same(tmp_path: Path, clock: SystemClock) -> None:
    async with running(SimulatorSettings((line(ProtocolKind.MODBUS_RTU),)), clock) as simulator:
        simulator.instrument("line").switch_on(FaultKind.NARROW_READS)
        link = f"socket://{simulator.lines['line'].endpoint}"
        sections = await wire_checks(write_settings(tmp_path / "gateway.yaml", {"line": bus(link)}, {"stack": one()}))
    assert outcomes(sections, "Channels and units") == [Outcome.PASS]


async def test_missing_busy_and_refusing_ports(tmp_path: Path, clock: SystemClock, unused_port: int) -> None:
    tty = tmp_path / "tty"
    async with running(SimulatorSettings((line(ProtocolKind.MODBUS_RTU, path=tty),)), clock):
        holder = os.open(tty, os.O_RDWR | os.O_NOCTTY)
        fcntl.flock(holder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            refusing = f"socket://127.0.0.1:{unused_port}"
            buses = {
                "missing": bus("/dev/no-such-port"),
                "busy": bus(str(tty)),
                "refusing": bus(refusing, "modbus-tcp"),
                "quiet": bus("/dev/no-such-port-either", "continuous"),
            }
            analysers = {name: one(name) for name in ("missing", "busy", "refusing")}
            analysers["quiet"] = {"bus": "quiet", "channels": BENCH}
            sections = await wire_checks(write_settings(tmp_path / "gateway.yaml", buses, analysers))
        finally:
            os.close(holder)
    assert shown(sections, tty=str(tty), refusing=refusing, port=str(unused_port)) == recorded("ports")


async def test_the_wires_of_a_running_gateway_are_left_alone(tmp_path: Path, clock: SystemClock) -> None:
    async with running(SimulatorSettings((line(ProtocolKind.MODBUS_RTU),)), clock) as simulator:
        link = f"socket://{simulator.lines['line'].endpoint}"
        config = write_settings(tmp_path / "gateway.yaml", {"line": bus(link)}, {"stack": one()})
        async with anyio.create_task_group() as tasks:
            await tasks.start(ControlServer(control_path("shop"), {}).serve)
            sections = await wire_checks(config)
            tasks.cancel_scope.cancel()
        conversation = simulator.lines["line"].conversation
        assert isinstance(conversation, ModbusLine)
        assert conversation.answered == 0
    assert outcomes(sections, "Running gateway") == [Outcome.FAIL]
    assert outcomes(sections, "Buses") == [Outcome.SKIPPED]
    assert "ask it with `health` and `explain`" in shown(sections)


async def test_a_driver_cannot_write_through_the_bus_of_the_self_test(clock: SystemClock) -> None:
    async with running(SimulatorSettings((line(ProtocolKind.MODBUS_TCP),)), clock) as simulator:
        spec = BusSpec(f"socket://{simulator.lines['line'].endpoint}", ProtocolKind.MODBUS_TCP, idle_gap_ms=1)
        inner = SharedModbusBus("line", spec, clock)
        wire = ReadingBus(inner)
        assert (await wire.read_coils(30, 0, 4)).values == (0, 0, 0, 0)
        for write in (
            lambda: wire.write_coil(30, 0, on=True),
            lambda: wire.write_register(30, 0, 7),
            lambda: wire.write_registers(30, 0, [7, 8]),
        ):
            with pytest.raises(ActionRefusedError, match="writes nothing"):
                await write()
        assert (wire.name, wire.protocol) == ("line", ProtocolKind.MODBUS_TCP)
        assert (await wire.read_coils(30, 0, 4)).values == (0, 0, 0, 0)
        await inner.aclose()
