"""Servers that show the same synthetic analysers: ours, the stock one of each engine, and others of their field.

Each writes a whole tick of one analyser at a time, with one time stamp, as acquisition does.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import anyio
from anyio.abc import TaskGroup

from bench.epics_engines import FastCs, P4p, SoftIoc
from bench.opcua_o6 import O6OpcUa
from bench.ports import free_port
from gateway import registry
from gateway.model.points import DeviceSpec, PointGroup, PointSpec, SiteSpec, ValueKind
from gateway.model.quality import State
from gateway.model.stamp import Stamp
from gateway.model.update import Update


class Engine(Protocol):
    """A server under load."""

    async def start(self, tasks: TaskGroup) -> dict[str, Any]:
        """Serve from now on in the task group; returns where, and what the points are called."""
        ...

    async def tick(self, device: int, values: Sequence[float], stamp: Stamp) -> None:
        """Show new values of all points of one analyser."""
        ...


def synthetic_site(devices: int, points: int) -> SiteSpec:
    """Analysers without wires, all of whose points are numbers that change on every tick."""
    specs = tuple(
        PointSpec((f"P{number:02}", "Value"), ValueKind.FLOAT, "Synthetic", "%", (0.0, 100.0), 3, cyclic=True)
        for number in range(points)
    )
    return SiteSpec(
        "bench",
        tuple(
            DeviceSpec(f"a{index:02}", "", "", "", (PointGroup(index, f"a{index:02}", specs),))
            for index in range(devices)
        ),
    )


class _Ours:
    def __init__(self, devices: int, points: int, adapter: str, **settings: object) -> None:
        site = synthetic_site(devices, points)
        kind = registry.adapter(adapter)
        section = kind.settings(**settings)
        self.names = [name.name for name in kind.names(site, section)]
        self.adapter = kind.create(site, section)
        self._states = (State.GOOD,) * points
        self._changed = range(points)

    async def tick(self, device: int, values: Sequence[float], stamp: Stamp) -> None:
        self.adapter.apply(Update(device, stamp, values, self._states, self._changed))


class OurOpcUa(_Ours):
    """The gateway's OPC UA adapter, open to everybody; with a PKI folder it also encrypts."""

    def __init__(self, devices: int, points: int, pki: str | None = None) -> None:
        from gateway.adapters.opcua.settings import AnonymousAccess, PolicyName, SecuritySettings

        policies = (PolicyName.NONE,) if pki is None else (PolicyName.NONE, PolicyName.BASIC256SHA256)
        security = SecuritySettings(policies=policies, pki=Path(pki or "pki"))
        super().__init__(
            devices,
            points,
            "opcua",
            host="127.0.0.1",
            port=0,
            security=security,
            anonymous=AnonymousAccess.OBSERVER,
        )

    async def start(self, tasks: TaskGroup) -> dict[str, Any]:
        await tasks.start(lambda *, task_status: self.adapter.serve(task_status=task_status))
        return {"url": self.adapter.endpoints[0], "names": self.names}


class OurChannelAccess(_Ours):
    """The gateway's Channel Access adapter."""

    def __init__(self, devices: int, points: int) -> None:
        self._port = free_port()
        super().__init__(
            devices, points, "epics_ca", prefix="B:", interfaces=("127.0.0.1",), port=self._port, beacons=()
        )

    async def start(self, tasks: TaskGroup) -> dict[str, Any]:
        await tasks.start(lambda *, task_status: self.adapter.serve(task_status=task_status))
        return {"port": self._port, "names": self.names}


class StockOpcUa:
    """asyncua as its documentation shows it: a Server, variables, `write_value`."""

    def __init__(self, devices: int, points: int) -> None:
        from asyncua import ua
        from asyncua.server.server import Server

        logging.getLogger("asyncua").setLevel(logging.ERROR)
        self._ua, self._server = ua, Server()
        self._devices, self._points = devices, points
        self._nodes: list[list[Any]] = []

    async def start(self, tasks: TaskGroup) -> dict[str, Any]:  # noqa: ARG002  asyncua owns its tasks
        await self._server.init()
        url = f"opc.tcp://127.0.0.1:{free_port()}/stock"
        self._server.set_endpoint(url)
        self._server.set_security_policy([self._ua.SecurityPolicyType.NoSecurity])
        index = await self._server.register_namespace("urn:bench:stock")
        for device in range(self._devices):
            folder = await self._server.nodes.objects.add_object(index, f"a{device:02}")
            self._nodes.append([await folder.add_variable(index, f"P{n:02}", 0.0) for n in range(self._points)])
        await self._server.start()
        return {"url": url, "names": [node.nodeid.to_string() for nodes in self._nodes for node in nodes]}

    async def tick(self, device: int, values: Sequence[float], stamp: Stamp) -> None:
        ua, source = self._ua, stamp.utc
        for node, value in zip(self._nodes[device], values, strict=True):
            variant = ua.Variant(value, ua.VariantType.Double)
            await node.write_value(ua.DataValue(variant, SourceTimestamp=source, ServerTimestamp=datetime.now(UTC)))


class StockChannelAccess:
    """caproto as its documentation shows it: a Context, ChannelDouble, `write`."""

    def __init__(self, devices: int, points: int) -> None:
        from caproto import ChannelDouble

        logging.getLogger("caproto").setLevel(logging.ERROR)
        self._channels = [
            {
                f"B:a{device:02}:P{number:02}": ChannelDouble(  # type: ignore[no-untyped-call]
                    value=0.0, units="%", precision=3, upper_disp_limit=100.0, lower_disp_limit=0.0
                )
                for number in range(points)
            }
            for device in range(devices)
        ]

    async def start(self, tasks: TaskGroup) -> dict[str, Any]:
        from caproto.asyncio.server import Context

        port = free_port()
        os.environ |= {"EPICS_CA_SERVER_PORT": str(port), "EPICS_CAS_SERVER_PORT": str(port)}
        os.environ |= {"EPICS_CAS_AUTO_BEACON_ADDR_LIST": "NO", "EPICS_CAS_BEACON_ADDR_LIST": ""}
        everything = {name: channel for device in self._channels for name, channel in device.items()}
        running = anyio.Event()

        async def started(_library: object) -> None:
            running.set()
            await anyio.sleep_forever()

        context = Context(everything, ["127.0.0.1"])  # type: ignore[no-untyped-call]
        tasks.start_soon(partial(context.run, log_pv_names=False, startup_hook=started))
        await running.wait()
        return {"port": port, "names": list(everything)}

    async def tick(self, device: int, values: Sequence[float], stamp: Stamp) -> None:
        seconds = stamp.unix_us / 1e6
        for channel, value in zip(self._channels[device].values(), values, strict=True):
            await channel.write(value, timestamp=seconds)  # type: ignore[no-untyped-call]


class Nothing:
    """No server: what making the values costs alone."""

    def __init__(self, devices: int, points: int) -> None:
        pass

    async def start(self, tasks: TaskGroup) -> dict[str, Any]:  # noqa: ARG002
        return {}

    async def tick(self, device: int, values: Sequence[float], stamp: Stamp) -> None:
        pass


ENGINES: dict[str, Callable[..., Engine]] = {
    "nothing": Nothing,
    "o6-opcua": O6OpcUa,
    "ours-opcua": OurOpcUa,
    "stock-opcua": StockOpcUa,
    "ours-ca": OurChannelAccess,
    "stock-ca": StockChannelAccess,
    "softioc": SoftIoc,
    "fastcs": FastCs,
    "p4p": P4p,
}
