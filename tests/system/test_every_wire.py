"""Bytes of an analyser in, caget, camonitor and a foreign OPC UA client out: every wire mode, end to end.

The analyser is simulated on a real line (pseudo-terminal or TCP) with an encoder of its own; the gateway is a process
started from YAML; the judges are libca (EPICS base) and node-opcua.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import pytest

from gateway.model.readings import ProtocolKind
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
from gateway.simulator.signals import Constant, Ramp
from gateway.streaming.clock import SystemClock
from tests.clients.node_client import NodeClient
from tests.system.conftest import StartGateway

CHANNELS = {
    "I1": ChannelSettings("Oxygen", "%", 3, Ramp(10.0, 20.0, 1000.0)),
    "I2": ChannelSettings("CO2", "%", 3, Constant(0.25)),
    "D1": ChannelSettings("CO dry", "vpm", 1, Constant(84.5)),
}
ANALYSER: dict[str, Any] = {
    "driver": "servomex4100",
    "bus": "line",
    "description": "Under test",
    "channels": {
        "I1": {"unit": "%", "range": [0, 25], "precision": 3},
        "I2": {"unit": "%", "range": [0, 5], "precision": 2},
        "D1": {"unit": "vpm", "range": [0, 500], "precision": 1},
        "E1": {"unit": "mA", "range": [0, 22], "precision": 1},
    },
}
WIRES = [
    pytest.param(ProtocolKind.CONTINUOUS, True, id="continuous-serial"),
    pytest.param(ProtocolKind.CONTINUOUS, False, id="continuous-socket"),
    pytest.param(ProtocolKind.MODBUS_RTU, True, id="rtu-serial"),
    pytest.param(ProtocolKind.MODBUS_ASCII, True, id="ascii-serial"),
    pytest.param(ProtocolKind.MODBUS_TCP, False, id="modbus-tcp"),
    pytest.param(ProtocolKind.MODBUS_RTU, False, id="rtu-over-tcp"),
]


def analyser(protocol: ProtocolKind) -> dict[str, Any]:
    continuous = protocol is ProtocolKind.CONTINUOUS
    return ANALYSER | ({"frame_interval_s": 1} if continuous else {"address": 30, "rate_hz": 2.0})


def line_settings(protocol: ProtocolKind, path: Path | None) -> SimulatorSettings:
    link = TcpLink() if path is None else PtyLink(path)
    instrument = InstrumentSettings(30, CHANNELS, clock_offset_s=-60.0)
    line = LineSettings("line", link, protocol, (instrument,), idle_gap_s=0.05, interval_s=0.5)
    return SimulatorSettings((line,))


@pytest.mark.parametrize(("protocol", "serial"), WIRES)
async def test_both_protocols_show_the_same_value_at_the_same_microsecond(
    protocol: ProtocolKind,
    serial: bool,
    tmp_path: Path,
    clock: SystemClock,
    start_gateway: StartGateway,
    node_client: NodeClient,
) -> None:
    async with running(line_settings(protocol, tmp_path / "tty" if serial else None), clock) as simulator:
        line = simulator.lines["line"]
        bus = {"link": line.endpoint if serial else f"socket://{line.endpoint}", "protocol": protocol.value}
        async with start_gateway({"line": bus}, {"stack": analyser(protocol)}) as gateway:
            by_libca: list[dict[str, Any]] = []
            by_node: dict[str, Any] = {}

            async def watch_libca() -> None:
                by_libca.extend(await gateway.libca.monitor(["T:stack:I1"], 12))

            async def nothing_more() -> None:
                pass

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(watch_libca)
                by_node.update(
                    await node_client.subscribe(gateway.opcua_url, ["ns=2;s=stack/I1/Value"], 12, nothing_more)
                )
            good = {e["stamp_us"]: e["value"] for e in by_libca if e["severity"] == 0}
            also = {n["source_us"]: n["value"] for n in by_node["notifications"] if n["status"] == "Good"}
            common = good.keys() & also.keys()
            assert len(common) >= 5, (sorted(good), sorted(also))
            assert all(good[stamp] == also[stamp] for stamp in common)
            assert {event["below_us_ns"] for event in by_libca} == {0}
            assert len(set(good.values())) > 3

            pvs = await gateway.libca.get("T:stack:I1", "T:stack:I2", "T:stack:D1", "T:stack:E1", "T:stack:I2:Name")
            assert 10.0 <= pvs["T:stack:I1"]["value"] < 20.0
            assert pvs["T:stack:I2"]["value"] == 0.25
            assert (pvs["T:stack:I1"]["units"], pvs["T:stack:I1"]["precision"]) == ("%", 3)
            assert (pvs["T:stack:I1"]["lower_disp_limit"], pvs["T:stack:I1"]["upper_disp_limit"]) == (0.0, 25.0)
            assert (pvs["T:stack:D1"]["value"], pvs["T:stack:D1"]["units"]) == (84.5, "vpm")
            assert pvs["T:stack:I2:Name"]["value"] == "CO2"
            nodes = await node_client.ask(
                gateway.opcua_url,
                "read",
                ids=["ns=2;s=stack/I2/Value", "ns=2;s=stack/I2/Name", "ns=2;s=stack/Diagnostics/Emitted"],
            )
            assert nodes["ns=2;s=stack/I2/Value"]["value"] == 0.25
            assert nodes["ns=2;s=stack/I2/Name"]["value"] == "CO2"
            assert nodes["ns=2;s=stack/Diagnostics/Emitted"]["value"] > 3


async def test_faults_of_the_analyser_reach_both_protocols_and_go_again(
    tmp_path: Path, clock: SystemClock, start_gateway: StartGateway, node_client: NodeClient
) -> None:
    async with running(line_settings(ProtocolKind.MODBUS_RTU, tmp_path / "tty"), clock) as simulator:
        instrument = simulator.instrument("line")
        buses = {"line": {"link": str(tmp_path / "tty"), "protocol": "modbus-rtu", "timeout_s": 0.2}}
        async with start_gateway(buses, {"stack": analyser(ProtocolKind.MODBUS_RTU)}) as gateway:

            async def epics() -> tuple[int, int]:
                pv = (await gateway.libca.get("T:stack:I1"))["T:stack:I1"]
                return pv["severity"], pv["status"]

            async def opcua() -> str:
                node = await node_client.ask(gateway.opcua_url, "read", ids=["ns=2;s=stack/I1/Value"])
                return str(node["ns=2;s=stack/I1/Value"]["status"])

            async def until(expected: tuple[int, int, str]) -> None:
                with anyio.fail_after(30):
                    while (*await epics(), expected[2]) != expected:
                        pass
                    while await opcua() != expected[2]:
                        pass

            await until((0, 0, "Good"))
            for kind, channel, expected in (
                (FaultKind.FAULT, "I1", (2, 7, "BadSensorFailure")),
                (FaultKind.ANALYSER_FAULT, None, (3, 1, "BadDeviceFailure")),
                (FaultKind.WARMING_UP, "I1", (1, 7, "UncertainSensorNotAccurate")),
                (FaultKind.ALARM_2, "I1", (1, 7, "Good")),
                (FaultKind.SILENT, None, (3, 9, "UncertainNoCommunicationLastUsableValue")),
            ):
                instrument.switch_on(kind, channel)
                await until(expected)
                instrument.clear_faults()
            await until((0, 0, "Good"))
