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
CHANNELS = {slot: {"unit": "%"} for slot in ("I1", "I2", "D1", "D2")}

OpenScene = Callable[..., AbstractAsyncContextManager[Scene]]


@pytest.fixture
def open_scene(start_gateway: StartGateway) -> OpenScene:
    """Start simulator, gateway and healthy clients; further settings as for `start_gateway`."""

    @asynccontextmanager
    async def scene(**settings: Any) -> AsyncIterator[Scene]:
        # A wire for each: on a shared one the bus sets an address aside that a busy machine lets answer late for long.
        options: dict[str, Any] = {"baudrate": None, "turnaround_s": 0.0}
        lines = tuple(
            LineSettings(name, TcpLink(), ProtocolKind.MODBUS_TCP, (InstrumentSettings(address),), **options)
            for name, address in ANALYSERS.items()
        )
        async with AsyncExitStack() as stack:
            simulator = await stack.enter_async_context(running(SimulatorSettings(lines), SystemClock()))
            times = {"idle_gap_ms": 1, "turnaround_ms": 1, "timeout_s": 0.5}
            buses = {
                name: {"link": f"socket://{line.endpoint}", "protocol": "modbus-tcp", **times}
                for name, line in simulator.lines.items()
            }
            analysers: dict[str, Any] = {
                name: {
                    "driver": "servomex4100",
                    "bus": name,
                    "address": address,
                    "rate_hz": RATE_HZ,
                    "channels": CHANNELS,
                }
                for name, address in ANALYSERS.items()
            }
            gateway = await stack.enter_async_context(start_gateway(buses, analysers, **settings))
            tasks = await stack.enter_async_context(anyio.create_task_group())
            clients = await stack.enter_async_context(watching(gateway, list(ANALYSERS)))
            machine = Machine(gateway.process.pid, RATE_HZ)
            tasks.start_soon(machine.watch)
            yield Scene(gateway, clients, psutil.Process(gateway.process.pid), machine)
            tasks.cancel_scope.cancel()

    return scene
