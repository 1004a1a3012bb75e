"""Other EPICS servers in Python that show the same synthetic analysers, each as its documentation shows it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import anyio
from anyio.abc import TaskGroup

from bench.ports import free_port
from gateway.model.stamp import Stamp

_STAMPED_BY_PYTHON = -2
"""TSE of records that take the time stamp of `set`."""


def _names(devices: int, points: int) -> list[list[str]]:
    return [[f"B:a{device:02}:P{number:02}" for number in range(points)] for device in range(devices)]


def _base_environment() -> int:
    """Have EPICS base, once loaded, serve on loopback and a free port; returns that."""
    port = free_port()
    os.environ |= {"EPICS_CA_SERVER_PORT": str(port), "EPICS_CAS_SERVER_PORT": str(port)}
    os.environ |= {"EPICS_CAS_INTF_ADDR_LIST": "127.0.0.1", "EPICS_CAS_AUTO_BEACON_ADDR_LIST": "NO"}
    return port


async def _listens(port: int) -> None:
    while True:
        try:
            stream = await anyio.connect_tcp("127.0.0.1", port)
        except OSError:
            await anyio.sleep(0.01)
        else:
            return await stream.aclose()


class SoftIoc:
    """softioc of Diamond Light Source: EPICS base with records made from Python."""

    def __init__(self, devices: int, points: int) -> None:
        self._port = _base_environment()
        builder = import_module("softioc.builder")

        self._names = _names(devices, points)
        self._records = [
            [
                builder.aIn(name, initial_value=0.0, EGU="%", PREC=3, HOPR=100.0, LOPR=0.0, TSE=_STAMPED_BY_PYTHON)
                for name in names
            ]
            for names in self._names
        ]
        self._builder = builder

    async def start(self, tasks: TaskGroup) -> dict[str, Any]:  # noqa: ARG002  it has threads of its own
        dispatcher = import_module("softioc.asyncio_dispatcher").AsyncioDispatcher(loop=asyncio.get_running_loop())
        self._builder.LoadDatabase()
        import_module("softioc.softioc").iocInit(dispatcher, enable_pva=False)
        return {"port": self._port, "names": [name for names in self._names for name in names]}

    async def tick(self, device: int, values: Sequence[float], stamp: Stamp) -> None:
        seconds = stamp.unix_us / 1e6
        for record, value in zip(self._records[device], values, strict=True):
            record.set(value, timestamp=seconds)


class FastCs:
    """FastCS: controllers with attributes, served by its Channel Access transport; it sets time stamps itself."""

    def __init__(self, devices: int, points: int) -> None:
        self._port = _base_environment()
        make = import_module("fastcs.attributes").AttrR
        number_type = import_module("fastcs.datatypes").Float(units="%", prec=3)
        self._names = _names(devices, points)
        self._attributes = [[make(number_type) for _ in names] for names in self._names]
        self._controllers = []
        for device, attributes in enumerate(self._attributes):
            controller = import_module("fastcs.controllers").Controller()
            controller.set_path([f"B:a{device:02}"])
            for number, attribute in enumerate(attributes):
                controller.add_attribute(f"p{number:02}", attribute)
            self._controllers.append(controller)

    async def start(self, tasks: TaskGroup) -> dict[str, Any]:
        transport = import_module("fastcs.transports.epics.ca").EpicsCATransport()
        system = import_module("fastcs.control_system").FastCS(self._controllers, [transport])
        tasks.start_soon(system.serve, False)
        await _listens(self._port)
        return {"port": self._port, "names": [name for names in self._names for name in names]}

    async def tick(self, device: int, values: Sequence[float], stamp: Stamp) -> None:  # noqa: ARG002
        for attribute, value in zip(self._attributes[device], values, strict=True):
            await attribute.update(value)


class P4p:
    """p4p: pvAccess, one SharedPV for each point."""

    def __init__(self, devices: int, points: int) -> None:

        self._names = _names(devices, points)
        scalar = import_module("p4p.nt").NTScalar("d", display=True, control=True, valueAlarm=True)
        make = import_module("p4p.server.thread").SharedPV
        self._pvs = [[make(nt=scalar, initial=0.0) for _ in names] for names in self._names]
        self._server: Any = None

    async def start(self, tasks: TaskGroup) -> dict[str, Any]:  # noqa: ARG002  it has threads of its own
        serving = import_module("p4p.server")
        provider = serving.StaticProvider("bench")
        for names, pvs in zip(self._names, self._pvs, strict=True):
            for name, pv in zip(names, pvs, strict=True):
                provider.add(name, pv)
        port = str(free_port())
        self._server = serving.Server(
            providers=[provider],
            conf={
                "EPICS_PVAS_INTF_ADDR_LIST": "127.0.0.1",
                "EPICS_PVAS_SERVER_PORT": port,
                "EPICS_PVAS_BROADCAST_PORT": port,
                "EPICS_PVAS_AUTO_BEACON_ADDR_LIST": "NO",
            },
            useenv=False,
        )
        environment = {
            "EPICS_PVA_ADDR_LIST": "127.0.0.1",
            "EPICS_PVA_AUTO_ADDR_LIST": "NO",
            "EPICS_PVA_BROADCAST_PORT": port,
        }
        return {"environment": environment, "names": [name for names in self._names for name in names]}

    async def tick(self, device: int, values: Sequence[float], stamp: Stamp) -> None:
        seconds = stamp.unix_us / 1e6
        for pv, value in zip(self._pvs[device], values, strict=True):
            pv.post(value, timestamp=seconds)
