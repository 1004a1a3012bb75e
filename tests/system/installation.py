"""A gateway that may be started again and again with the same settings, and the simulated analysers behind it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
from anyio.abc import Process, TaskGroup, TaskStatus
from anyio.streams.buffered import BufferedByteReceiveStream
from ruamel.yaml import YAML

from gateway.model.readings import ProtocolKind
from gateway.simulator import InstrumentSettings, LineSettings, PtyLink, Simulator, SimulatorSettings, TcpLink, running
from gateway.streaming.clock import SystemClock
from tests.open_server import OPEN
from tests.ports import free_port

PATIENCE_S = 60.0
CHANNELS = {slot: {"unit": "%"} for slot in ("I1", "I2")}
ANALYSERS = {"rtu_a": ("rtu", 1), "rtu_b": ("rtu", 2), "tcp": ("tcp", 3), "talker": ("talk", 4)}
"""Name to line and address."""


@dataclass(frozen=True)
class Installation:
    """Settings and ports of a gateway that may be started again and again."""

    config: Path
    opcua_port: int
    ca_port: int
    environment: dict[str, str]

    @property
    def url(self) -> str:
        return f"opc.tcp://127.0.0.1:{self.opcua_port}/analyser-gateway"

    async def start(self, followers: TaskGroup, log: list[str]) -> Process:
        """Start the gateway, and return when it serves."""
        command = [sys.executable, "-W", "error", "-m", "gateway", "run", str(self.config)]
        process = await anyio.open_process(command, stderr=subprocess.PIPE, env=self.environment)
        with anyio.fail_after(PATIENCE_S):
            await followers.start(_follow, process, log)
        return process

    async def described(self) -> list[dict[str, Any]]:
        """What `describe` lists."""
        command = [sys.executable, "-m", "gateway", "describe", "--format", "json", str(self.config)]
        done = await anyio.run_process(command, env=self.environment)
        rows: list[dict[str, Any]] = json.loads(done.stdout)
        return rows


async def _follow(process: Process, log: list[str], *, task_status: TaskStatus[None]) -> None:
    """Keep the log of a process until it ends; it is killed where the test ends before."""
    assert process.stderr is not None
    lines = BufferedByteReceiveStream(process.stderr)
    async with process:
        while True:
            try:
                line = (await lines.receive_until(b"\n", 10_000)).decode()
            except (anyio.EndOfStream, anyio.IncompleteRead):
                await process.wait()
                return
            log.append(line)
            if "; stop with Ctrl-C" in line:
                task_status.started()


@asynccontextmanager
async def simulated() -> AsyncIterator[tuple[Simulator, Path]]:
    """A serial line with two analysers, one that talks by itself, and a Modbus/TCP one; and a folder for all files."""
    with tempfile.TemporaryDirectory(prefix="gateway-") as name:  # short: the path of the control socket is bounded
        folder = Path(name)
        async with running(SimulatorSettings(_lines(folder)), SystemClock()) as simulator:
            yield simulator, folder


def _lines(folder: Path) -> tuple[LineSettings, ...]:
    continuous, rtu, tcp = ProtocolKind.CONTINUOUS, ProtocolKind.MODBUS_RTU, ProtocolKind.MODBUS_TCP
    return (
        LineSettings("rtu", PtyLink(folder / "rtu"), rtu, (InstrumentSettings(1), InstrumentSettings(2))),
        LineSettings("tcp", TcpLink(), tcp, (InstrumentSettings(3),), baudrate=None),
        LineSettings("talk", PtyLink(folder / "talk"), continuous, (InstrumentSettings(4),), interval_s=0.5),
    )


def install(folder: Path, simulator: Simulator, **more_buses: str) -> Installation:
    """Write the settings; each further bus is the link of an analyser at address 9 of the same name."""
    analysers: dict[str, Any] = {
        name: {"driver": "servomex4100", "bus": bus, "address": address, "rate_hz": 1.0, "channels": CHANNELS}
        for name, (bus, address) in (ANALYSERS | {name: (name, 9) for name in more_buses}).items()
    }
    for key in ("address", "rate_hz"):
        del analysers["talker"][key]
    analysers["talker"]["frame_interval_s"] = 1
    links = {"tcp": f"socket://{simulator.lines['tcp'].endpoint}", **more_buses}
    port, ca_port = free_port(), free_port()
    settings = {
        "site": "restart",
        "buses": {
            "rtu": {"link": simulator.lines["rtu"].endpoint, "protocol": "modbus-rtu", "timeout_s": 0.2},
            "talk": {"link": simulator.lines["talk"].endpoint, "protocol": "continuous"},
            **{name: {"link": link, "protocol": "modbus-tcp", "timeout_s": 0.2} for name, link in links.items()},
        },
        "analysers": analysers,
        "adapters": {
            "opcua": OPEN | {"port": port},
            "epics_ca": {"prefix": "T:", "interfaces": ["127.0.0.1"], "port": ca_port},
        },
    }
    config = folder / "gateway.yaml"
    with config.open("w") as file:
        YAML(typ="safe").dump(settings, file)
    return Installation(config, port, ca_port, {**os.environ, "XDG_RUNTIME_DIR": str(folder)})
