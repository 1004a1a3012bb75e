"""Every driver and adapter by name: one line here, or an entry point of another distribution.

Entry points are looked up in the groups `analyser_gateway.drivers` and `analyser_gateway.adapters`; each names an
object with the shape of `ports.Driver` or `ports.AdapterKind`. A built-in name cannot be taken over.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import cast

from gateway.errors import GatewayError
from gateway.ports import AdapterKind, Driver, LocalDriver, WireDriver

DRIVERS: dict[str, str] = {
    "daq": "gateway.drivers.daq.driver:DRIVER",
    "library": "gateway.drivers.library.driver:DRIVER",
    "modbus_table": "gateway.drivers.modbus_table.driver:DRIVER",
    "servomex4100": "gateway.drivers.servomex4100.driver:DRIVER",
}
ADAPTERS: dict[str, str] = {
    "opcua": "gateway.adapters.opcua.kind:OPCUA",
    "epics_ca": "gateway.adapters.epics_ca.kind:EPICS_CA",
    "epics_pva": "gateway.adapters.epics_pva.kind:EPICS_PVA",
}


@cache
def _entries(group: str) -> dict[str, str]:
    builtin = {"drivers": DRIVERS, "adapters": ADAPTERS}[group]
    return {point.name: point.value for point in entry_points(group=f"analyser_gateway.{group}")} | builtin


def _load(group: str, name: str) -> object:
    target = _entries(group)[name]
    module, _, attribute = target.partition(":")
    try:
        return getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise GatewayError(
            f"{group[:-1]} '{name}' cannot be loaded: {error}",
            where=target,
            hint="install the distribution that provides it, with its extras",
        ) from error


def driver_names() -> tuple[str, ...]:
    """Names that `driver:` may have in the settings."""
    return tuple(sorted(_entries("drivers")))


def adapter_names() -> tuple[str, ...]:
    """Names that may stand under `adapters:` in the settings."""
    return tuple(sorted(_entries("adapters")))


def driver(name: str) -> Driver:
    """The driver of that name.

    Raises:
        KeyError: No such driver.
        GatewayError: It is registered but cannot be imported.
    """
    return cast("Driver", _load("drivers", name))


def wire_driver(name: str) -> WireDriver:
    """The driver of an analyser that is on a bus; the checks of the settings have seen that it is one.

    Raises:
        KeyError: No such driver.
        GatewayError: It is registered but cannot be imported.
    """
    return cast("WireDriver", driver(name))


def local_driver(name: str) -> LocalDriver:
    """The driver of an analyser that is on no bus; the checks of the settings have seen that it is one.

    Raises:
        KeyError: No such driver.
        GatewayError: It is registered but cannot be imported.
    """
    return cast("LocalDriver", driver(name))


def adapter(name: str) -> AdapterKind:
    """The adapter of that name.

    Raises:
        KeyError: No such adapter.
        GatewayError: It is registered but cannot be imported.
    """
    return cast("AdapterKind", _load("adapters", name))
