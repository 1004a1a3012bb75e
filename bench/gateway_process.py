"""The gateway as its users run it, for the bench: a process of its own, started from a YAML file."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import psutil
from anyio.abc import Process, TaskStatus
from ruamel.yaml import YAML

from bench.ports import free_port
from gateway.settings.load import load_settings
from gateway.settings.site_settings import GatewaySettings

PREFIX = "BENCH:"
_SERVES = "stop with Ctrl-C"


@dataclass(frozen=True, slots=True)
class RunningGateway:
    """A gateway that serves.

    Attributes:
        settings: Its settings.
        usage: Its process, for CPU and memory.
        opcua_url: Endpoint of OPC UA.
        ca_environment: What libca needs to find it.
        pva_environment: What clients of pvAccess need to find it; empty where that is not served.
        log: What it has said, line by line.
    """

    settings: GatewaySettings
    usage: psutil.Process
    opcua_url: str
    ca_environment: Mapping[str, str]
    pva_environment: Mapping[str, str]
    log: list[str]

    def cpu_s(self) -> float:
        """CPU seconds used so far, user and system."""
        times = self.usage.cpu_times()
        return float(times.user + times.system)

    def memory_mb(self) -> float:
        """Resident memory."""
        return float(self.usage.memory_info().rss) / 1e6


def channel_access_environment(port: int) -> dict[str, str]:
    """What keeps libca on this machine and on one port."""
    return {
        "EPICS_CA_ADDR_LIST": "127.0.0.1",
        "EPICS_CA_AUTO_ADDR_LIST": "NO",
        "EPICS_CA_SERVER_PORT": str(port),
        "EPICS_CA_REPEATER_PORT": str(port),  # taken, so that libca starts no repeater
    }


def pv_access_environment(port: int) -> dict[str, str]:
    """What keeps clients of pvAccess on this machine and on one port."""
    return {
        "EPICS_PVA_NAME_SERVERS": f"127.0.0.1:{port}",
        "EPICS_PVA_ADDR_LIST": "",
        "EPICS_PVA_AUTO_ADDR_LIST": "NO",
    }


@asynccontextmanager
async def gateway(
    folder: Path,
    buses: Mapping[str, Any],
    analysers: Mapping[str, Any],
    core: int | None = None,
    *,
    pv_access: bool = False,
    operators: Mapping[str, Any] | None = None,
    opcua_limits: Mapping[str, int] | None = None,
) -> AsyncIterator[RunningGateway]:
    """Run a gateway with OPC UA and Channel Access for the length of a block; SIGTERM ends it."""
    opcua_port, ca_port, pva_port = free_port(), free_port(), free_port()
    file = folder / "gateway.yaml"
    adapters: dict[str, Any] = {
        "opcua": {
            "host": "127.0.0.1",
            "port": opcua_port,
            "anonymous": "observer",
            "security": {"policies": ["None"]},
            "limits": dict(opcua_limits or {}),
        },
        "epics_ca": {"prefix": PREFIX, "interfaces": ["127.0.0.1"], "port": ca_port, "beacons": []},
    }
    if pv_access:
        own = {"port": pva_port, "broadcast_port": 0, "beacons": []}
        adapters["epics_pva"] = {"prefix": PREFIX, "interfaces": ["127.0.0.1"], **own}
    document = {"site": "bench", "buses": buses, "analysers": analysers, "adapters": adapters}
    document["operators"] = operators or {}
    with file.open("w") as stream:
        YAML(typ="safe").dump(document, stream)
    settings = load_settings(file)
    command = [sys.executable, "-m", "gateway", "run", str(file)]
    log: list[str] = []
    async with (
        await anyio.open_process(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process,
        anyio.create_task_group() as tasks,
    ):
        usage = psutil.Process(process.pid)
        if core is not None and hasattr(usage, "cpu_affinity"):
            usage.cpu_affinity([core])
        try:
            with anyio.fail_after(30):
                await tasks.start(_follow, process, log)
            url = f"opc.tcp://127.0.0.1:{opcua_port}/analyser-gateway"
            pva_environment = pv_access_environment(pva_port) if pv_access else {}
            yield RunningGateway(settings, usage, url, channel_access_environment(ca_port), pva_environment, log)
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
            with anyio.move_on_after(10, shield=True):
                await process.wait()


async def _follow(process: Process, log: list[str], *, task_status: TaskStatus[None]) -> None:
    assert process.stderr is not None
    text = ""
    async for chunk in process.stderr:
        text += chunk.decode()
        *lines, text = text.split("\n")
        log.extend(lines)
        if any(_SERVES in line for line in lines):
            task_status.started()
