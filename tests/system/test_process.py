"""The gateway as a process: how it ends, what it says, and parts that come from other distributions."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import anyio
import pytest

from gateway.model.readings import ProtocolKind
from gateway.simulator import FaultKind, InstrumentSettings, LineSettings, SimulatorSettings, TcpLink, running
from gateway.simulator.simulator import Simulator
from gateway.streaming.clock import SystemClock
from tests.clients.libca import LibcaClient
from tests.clients.node_client import NodeClient
from tests.open_server import OPEN
from tests.system.conftest import StartGateway

OUTSIDE = Path(__file__).parent / "outside"
CHANNELS = {"I1": {"unit": "%", "range": [0, 25]}}


def modbus_tcp(*addresses: int) -> SimulatorSettings:
    instruments = tuple(InstrumentSettings(address) for address in addresses)
    line = LineSettings("line", TcpLink(), ProtocolKind.MODBUS_TCP, instruments, baudrate=None, turnaround_s=0.0)
    return SimulatorSettings((line,))


def bus(simulator: Simulator, **options: Any) -> dict[str, Any]:
    link = f"socket://{simulator.lines['line'].endpoint}"
    return {"link": link, "protocol": "modbus-tcp", "idle_gap_ms": 1, "timeout_s": 0.2} | options


def analyser(address: int, rate_hz: float = 2.0) -> dict[str, Any]:
    return {"driver": "servomex4100", "bus": "line", "address": address, "rate_hz": rate_hz, "channels": CHANNELS}


async def test_clients_hear_that_the_gateway_stops(
    clock: SystemClock, start_gateway: StartGateway, node_client: NodeClient
) -> None:
    async with running(modbus_tcp(30), clock) as simulator:
        async with start_gateway({"line": bus(simulator)}, {"stack": analyser(30)}) as gateway:

            async def stop() -> None:
                gateway.process.send_signal(signal.SIGTERM)

            ids = ["ns=2;s=stack/I1/Name"]
            heard = await node_client.subscribe(gateway.opcua_url, ids, 2, stop)
            assert heard["notifications"][-1]["status"] == "BadShutdown"
            assert await gateway.process.wait() == 0


async def test_a_dead_analyser_does_not_silence_its_neighbour(clock: SystemClock, start_gateway: StartGateway) -> None:
    async with running(modbus_tcp(30, 31), clock) as simulator:
        simulator.instrument("line", 31).switch_on(FaultKind.SILENT)
        analysers = {"alive": analyser(30), "dead": analyser(31, 0.5)}
        async with start_gateway({"line": bus(simulator)}, analysers) as gateway:
            events = await gateway.libca.monitor(["T:alive:Status:Tick"], 10)
            assert [event["severity"] for event in events[2:]] == [0] * 8
            pvs = await gateway.libca.get("T:dead:I1", "T:dead:Status:Communication", "T:alive:I1")
            assert (pvs["T:dead:I1"]["severity"], pvs["T:dead:I1"]["status"]) == (3, 9)
            assert pvs["T:dead:Status:Communication"]["value"] == "communication-lost"
            assert pvs["T:alive:I1"]["severity"] == 0


async def test_libca_finds_the_gateway_by_name_server_alone(clock: SystemClock, start_gateway: StartGateway) -> None:
    async with running(modbus_tcp(30), clock) as simulator:
        async with start_gateway({"line": bus(simulator)}, {"stack": analyser(30)}) as gateway:
            found = await LibcaClient(gateway.ca_port, name_server=True).get("T:stack:I1")
            assert found["T:stack:I1"]["units"] == "%"


async def test_the_counters_add_up_on_both_protocols(
    clock: SystemClock, start_gateway: StartGateway, node_client: NodeClient
) -> None:
    async with running(modbus_tcp(30), clock) as simulator:
        async with start_gateway({"line": bus(simulator)}, {"stack": analyser(30, 10.0)}) as gateway:
            names = ("Scheduled", "Emitted", "Dropped", "Late")
            pvs = [f"T:stack:Diagnostics:{name}" for name in names]
            events = await gateway.libca.monitor(pvs, 16)
            latest = {event["pv"]: event for event in events[:4]}
            checked = 0
            for event, following in pairwise(events[4:]):
                latest[event["pv"]] = event
                if following["stamp_us"] != event["stamp_us"]:
                    scheduled, *parts = (latest[pv]["value"] for pv in pvs)
                    assert scheduled == sum(parts), latest
                    checked += 1
            assert checked >= 3
            assert latest[pvs[0]]["value"] > latest[pvs[3]]["value"]
            ids = [f"ns=2;s=stack/Diagnostics/{name}" for name in names]
            nodes = await node_client.ask(gateway.opcua_url, "read", ids=ids)
            assert nodes[ids[0]]["value"] >= 10
            assert nodes[ids[0]]["type"] == "Int64"


async def test_a_port_in_use_is_exit_code_1_with_a_remedy_and_no_traceback(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        config = tmp_path / "gateway.yaml"
        config.write_text(
            "site: test\n"
            "buses: {line: {link: /dev/no-such-port, protocol: modbus-rtu}}\n"
            f"analysers: {{stack: {{driver: servomex4100, bus: line, channels: {json.dumps(CHANNELS)}}}}}\n"
            f"adapters: {{opcua: {json.dumps(OPEN | {'port': port})}}}\n"
        )
        done = await anyio.run_process([sys.executable, "-m", "gateway", "run", str(config)], check=False)
    assert done.returncode == 1
    text = done.stderr.decode()
    assert f"port {port} is in use" in text
    assert "Traceback" not in text


async def test_a_driver_and_an_adapter_from_another_distribution(tmp_path: Path, clock: SystemClock) -> None:
    lines = tmp_path / "lines.jsonl"
    async with running(modbus_tcp(30), clock) as simulator:
        config = tmp_path / "gateway.yaml"
        config.write_text(
            "site: test\n"
            f"buses: {{line: {json.dumps(bus(simulator))}}}\n"
            "analysers: {kitchen: {driver: thermometer, bus: line, register: 2}}\n"
            f"adapters: {{lines: {{path: {lines}}}}}\n"
        )
        environment = {**os.environ, "PYTHONPATH": str(OUTSIDE)}
        command = [sys.executable, "-m", "gateway", "run", str(config)]
        async with await anyio.open_process(command, stderr=subprocess.DEVNULL, env=environment) as process:
            with anyio.fail_after(20):
                while not (lines.exists() and '"kitchen/T/Value"' in lines.read_text()):  # noqa: ASYNC110  a foreign file
                    await anyio.sleep(0.05)
            process.terminate()
            with anyio.fail_after(10):
                assert await process.wait() == 0
    seen = [json.loads(line) for line in lines.read_text().splitlines()]
    expected = 0x4F78 / 10  # the bench instrument's register 2 holds the letters "Ox"
    assert ["kitchen/T/Value", expected, "Good"] in seen
    assert seen[-1][2] == "BadShutdown"


@pytest.mark.parametrize("verb", ["simulate", "demo"])
async def test_simulator_and_demo_end_with_sigterm(verb: str, tmp_path: Path, unused_port: int) -> None:
    simulator = tmp_path / "simulator.yaml"
    simulator.write_text(
        f"lines: [{{name: one, link: {{tcp: '127.0.0.1:{unused_port}'}}, protocol: continuous, interval_s: 1}}]\n"
    )
    config = tmp_path / "gateway.yaml"
    config.write_text(
        "site: test\n"
        f"buses: {{line: {{link: 'socket://127.0.0.1:{unused_port}', protocol: continuous}}}}\n"
        f"analysers: {{stack: {{driver: servomex4100, bus: line, channels: {json.dumps(CHANNELS)}}}}}\n"
        f"adapters: {{opcua: {json.dumps(OPEN)}}}\n"
    )
    files = [str(simulator)] if verb == "simulate" else [str(simulator), str(config)]
    command = [sys.executable, "-W", "error", "-m", "gateway", verb, *files, "--log-level", "info"]
    async with await anyio.open_process(command, stderr=subprocess.STDOUT) as process:
        assert process.stdout is not None
        text = ""
        with anyio.fail_after(30):
            async for chunk in process.stdout:
                text += chunk.decode()
                if "line one:" in text or "uaread" in text:
                    break
        process.terminate()
        with anyio.fail_after(10):
            assert await process.wait() == 0
