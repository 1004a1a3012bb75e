"""A whole gateway with analysers that answer promptly, healthy clients that watch it, and clients that mean harm."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any

import anyio
import psutil
import pytest

from gateway.model.readings import ProtocolKind
from gateway.simulator import InstrumentSettings, LineSettings, SimulatorSettings, TcpLink, running
from gateway.streaming.clock import SystemClock
from tests.northbound.scene import Machine, Scene, watching
from tests.system.conftest import StartGateway, start_gateway

__all__ = ["start_gateway"]

ANALYSERS = {"north": 1, "south": 2, "west": 3}
RATE_HZ = 5.0
TURNAROUND_MS = 10
"""The bus sets an address aside whose answers keep taking four times as long, and on a busy machine these may."""

CHANNELS = {slot: {"unit": "%"} for slot in ("I1", "I2", "D1", "D2")}

OpenScene = Callable[..., AbstractAsyncContextManager[Scene]]


@pytest.fixture
def open_scene(start_gateway: StartGateway) -> OpenScene:
    """Start simulator, gateway and healthy clients; further settings as for `start_gateway`."""

    @asynccontextmanager
    async def scene(**settings: Any) -> AsyncIterator[Scene]:
        instruments = tuple(InstrumentSettings(address) for address in ANALYSERS.values())
        line = LineSettings("line", TcpLink(), ProtocolKind.MODBUS_TCP, instruments, baudrate=None, turnaround_s=0.0)
        async with AsyncExitStack() as stack:
            simulator = await stack.enter_async_context(running(SimulatorSettings((line,)), SystemClock()))
            link = f"socket://{simulator.lines['line'].endpoint}"
            times = {"idle_gap_ms": 1, "turnaround_ms": TURNAROUND_MS, "timeout_s": 0.5}
            bus = {"link": link, "protocol": "modbus-tcp", **times}
            analysers: dict[str, Any] = {
                name: {
                    "driver": "servomex4100",
                    "bus": "line",
                    "address": address,
                    "rate_hz": RATE_HZ,
                    "channels": CHANNELS,
                }
                for name, address in ANALYSERS.items()
            }
            gateway = await stack.enter_async_context(start_gateway({"line": bus}, analysers, **settings))
            tasks = await stack.enter_async_context(anyio.create_task_group())
            clients = await stack.enter_async_context(watching(gateway, list(ANALYSERS)))
            machine = Machine(gateway.process.pid, RATE_HZ)
            tasks.start_soon(machine.watch)
            yield Scene(gateway, clients, psutil.Process(gateway.process.pid), machine)
            tasks.cancel_scope.cancel()

    return scene
