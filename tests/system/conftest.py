"""A whole gateway as its users run it: a process of its own, started from a YAML file."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.abc import Process
from ruamel.yaml import YAML

from gateway.streaming.clock import SystemClock
from tests.clients.libca import LibcaClient
from tests.open_server import OPEN
from tests.ports import free_port


@dataclass
class RunningGateway:
    """A gateway process that serves."""

    process: Process
    opcua_url: str
    ca_port: int
    log: list[str] = field(default_factory=list)

    @property
    def libca(self) -> LibcaClient:
        return LibcaClient(self.ca_port)


StartGateway = Callable[..., AbstractAsyncContextManager[RunningGateway]]


@pytest.fixture
def clock() -> SystemClock:
    return SystemClock()


@pytest.fixture
def start_gateway(tmp_path: Path) -> StartGateway:
    """Start a gateway with these buses and analysers and both adapters; stop it with SIGTERM at the end.

    `opcua` and `epics_ca` add to those sections, and what else is given adds sections.
    """

    @asynccontextmanager
    async def start(
        buses: dict[str, Any],
        analysers: dict[str, Any],
        opcua: Mapping[str, Any] | None = None,
        epics_ca: Mapping[str, Any] | None = None,
        **sections: Any,
    ) -> AsyncIterator[RunningGateway]:
        opcua_port, ca_port = free_port(), free_port()
        settings = {
            "site": "systemtest",
            "buses": buses,
            "analysers": analysers,
            "adapters": {
                "opcua": OPEN | {"port": opcua_port} | (opcua or {}),
                "epics_ca": {"prefix": "T:", "interfaces": ["127.0.0.1"], "port": ca_port} | dict(epics_ca or {}),
            },
            **sections,
        }
        config = tmp_path / "gateway.yaml"
        with config.open("w") as file:
            YAML(typ="safe").dump(settings, file)
        command = [sys.executable, "-W", "error", "-m", "gateway", "run", str(config)]
        async with await anyio.open_process(command, stderr=subprocess.PIPE, env=dict(os.environ)) as process:
            gateway = RunningGateway(process, f"opc.tcp://127.0.0.1:{opcua_port}/analyser-gateway", ca_port)
            async with anyio.create_task_group() as tasks:
                with anyio.fail_after(30):
                    await tasks.start(_collect_log, process, gateway.log)
                try:
                    yield gateway
                finally:
                    if process.returncode is None:
                        process.send_signal(signal.SIGTERM)
                    with anyio.fail_after(10):
                        await process.wait()
        assert process.returncode == 0, gateway.log
        assert not [line for line in gateway.log if "Traceback" in line], gateway.log

    return start


async def _collect_log(process: Process, log: list[str], *, task_status: anyio.abc.TaskStatus[None]) -> None:
    """Keep the log; started once the gateway says that it serves."""
    assert process.stderr is not None
    text = ""
    async for chunk in process.stderr:
        text += chunk.decode()
        *lines, text = text.split("\n")
        for line in lines:
            log.append(line)
            if "; stop with Ctrl-C" in line:
                task_status.started()
