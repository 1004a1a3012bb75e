"""`explain` asks a gateway that runs as a process; what it says is what EPICS and OPC UA clients see, and why."""

from __future__ import annotations

import json
import os
import sys
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest

from gateway.control.client import ask
from gateway.control.socket_path import control_path
from gateway.model.readings import ProtocolKind
from gateway.simulator import (
    ChannelSettings,
    FaultKind,
    InstrumentSettings,
    LineSettings,
    SimulatorSettings,
    TcpLink,
    running,
)
from gateway.simulator.signals import Ramp
from gateway.streaming.clock import SystemClock
from tests.clients.node_client import NodeClient
from tests.system.conftest import StartGateway

CHANNELS = {"I1": {"unit": "%", "range": [0, 25], "limits": {"high": 24}}}
WIRES = {ProtocolKind.MODBUS_TCP: {"address": 30, "rate_hz": 5}, ProtocolKind.CONTINUOUS: {"frame_interval_s": 1}}


@pytest.fixture(autouse=True)
def own_sockets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


async def explain() -> dict[str, Any]:
    async with aclosing(ask(control_path("systemtest"), "explain", point="stack/I1/Value")) as answers:
        return dict(await anext(answers))


async def until(state: str) -> dict[str, Any]:
    with anyio.fail_after(20):
        while (now := await explain())["state"] != state:
            pass  # each question takes its turn in the gateway
    return now


async def explain_by_command(tmp_path: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "gateway", "explain", str(tmp_path / "gateway.yaml"), "T:stack:I1"]
    with anyio.fail_after(20):
        done = await anyio.run_process([*command, "--format", "json"], env=dict(os.environ))
    page: dict[str, Any] = json.loads(done.stdout)
    return page["now"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("protocol", WIRES)
async def test_what_it_says_is_what_clients_see(
    protocol: ProtocolKind,
    clock: SystemClock,
    start_gateway: StartGateway,
    tmp_path: Path,
    node_client: NodeClient,
) -> None:
    ramp = ChannelSettings("Oxygen", "%", 3, Ramp(10.0, 20.0, 1000.0))
    instrument = InstrumentSettings(30, {"I1": ramp})
    line = LineSettings("line", TcpLink(), protocol, (instrument,), baudrate=None, turnaround_s=0.0, interval_s=0.4)
    async with running(SimulatorSettings((line,)), clock) as simulator:
        link = f"socket://{simulator.lines['line'].endpoint}"
        bus = {"link": link, "protocol": protocol.value} | (
            {} if protocol is ProtocolKind.CONTINUOUS else {"idle_gap_ms": 1, "timeout_s": 0.2}
        )
        analyser = {"driver": "servomex4100", "bus": "line", "channels": CHANNELS, "stale_after_s": 1.5} | WIRES[
            protocol
        ]
        async with start_gateway({"line": bus}, {"stack": analyser}) as gateway:
            await until("good")
            seen: list[dict[str, Any]] = []

            async def watch() -> None:
                seen.extend(await gateway.libca.monitor(["T:stack:I1"], 5))

            pages = []
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(watch)
                while not seen:
                    pages.append(await explain())
                    await anyio.sleep(0.05)
            stamps = {event["stamp_us"]: event["value"] for event in seen}
            common = {us(now["stamp"]): now for now in pages if us(now["stamp"]) in stamps}
            assert common, "at least one page was of a tick that the monitor saw"
            assert all(stamps[stamp] == now["value"] for stamp, now in common.items())
            now = await explain_by_command(tmp_path)
            assert (now["status_name"], now["alarm_severity"], now["reason"]) == (
                "Good",
                "NO_ALARM",
                "fresh, and nothing stands against it",
            )
            assert bool(now["latency_s"]) == (protocol is not ProtocolKind.CONTINUOUS)
            raw = bytes.fromhex(now["raw"])
            assert len(raw) == (6 if protocol is ProtocolKind.CONTINUOUS else 4)
            assert now["counters"]["Diagnostics"]["Scheduled"] > 0
            assert ("Address" in now["counters"]) == (protocol is not ProtocolKind.CONTINUOUS)

            simulator.instrument("line").switch_on(FaultKind.FAULT, "I1")
            now = await until("channel-fault")
            assert (now["reason"], now["decided_by"]) == ("I1/Fault is set", ["I1/Fault"])
            read = await node_client.ask(
                gateway.opcua_url, "read", ids=["ns=2;s=stack/I1/Value", "ns=2;s=stack/I1/Fault"]
            )
            assert read["ns=2;s=stack/I1/Value"]["status"] == now["status_name"] == "BadSensorFailure"
            assert read["ns=2;s=stack/I1/Fault"]["value"] is True

            simulator.instrument("line").clear_faults()
            await until("good")
            simulator.instrument("line").switch_on(FaultKind.SILENT)
            silent = "stale" if protocol is ProtocolKind.CONTINUOUS else "communication-interrupted"
            now = await until(silent)
            assert now["communication"]["state"] == silent
            assert now["since"] == now["communication"]["since"]
            if protocol is not ProtocolKind.CONTINUOUS:
                assert "address 30" in now["reason"]
                assert now["communication"]["last_failure"]
                assert now["counters"]["Address"]["State"] in ("up", "degraded")


def us(iso: str) -> int:
    return (datetime.fromisoformat(iso) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
