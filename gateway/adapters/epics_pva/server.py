"""Life of the pvAccess server.

It has threads of its own. Starting and stopping it blocks, so neither is done on the event loop.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any

import anyio
import anyio.to_thread
from p4p import _p4p
from p4p.server import Server, StaticProvider
from p4p.server.raw import SharedPV

from gateway.adapters.epics_pva.poster import Poster
from gateway.adapters.epics_pva.probe import server_port
from gateway.adapters.epics_pva.puts import Puts
from gateway.adapters.epics_pva.settings import PvAccessSettings
from gateway.errors import AdapterError

_EVERY_INTERFACE = "0.0.0.0"  # noqa: S104  what the engine takes that is told of none


def quieten_engine() -> None:
    """Keep the engine from writing to the standard error, unless PVXS_LOG says what it shall write.

    It tells of every client that vanishes or sends nonsense, which is no news to an operator.
    """
    if "PVXS_LOG" not in os.environ:
        _p4p.logger_level_set("pvxs.*", _p4p.logLevelFatal)


def _configuration(settings: PvAccessSettings) -> dict[str, str]:
    """Variables of the environment, as far as the settings do not say otherwise.

    The engine could read them itself, but would then add its lists of addresses to those of the settings.
    """
    own: dict[str, str] = {}
    if settings.interfaces is not None:
        own["EPICS_PVAS_INTF_ADDR_LIST"] = " ".join(settings.interfaces)
    if settings.port is not None:
        own["EPICS_PVAS_SERVER_PORT"] = str(settings.port)
    if settings.broadcast_port is not None:
        own["EPICS_PVAS_BROADCAST_PORT"] = str(settings.broadcast_port)
    if settings.beacons is not None:
        own["EPICS_PVAS_BEACON_ADDR_LIST"] = " ".join(settings.beacons)
        own["EPICS_PVAS_AUTO_BEACON_ADDR_LIST"] = "NO"
    return {name: text for name, text in os.environ.items() if name.startswith("EPICS_PVA")} | own


def _start(provider: StaticProvider, settings: PvAccessSettings) -> Server:
    try:
        wanted = server_port(settings)
    except ValueError as error:
        raise AdapterError(
            f"the EPICS environment cannot be used: {error}", where="epics_pva", hint="correct the variable"
        ) from error
    try:
        server = Server(providers=[provider], conf=_configuration(settings), useenv=False)
    except RuntimeError as error:
        raise AdapterError(
            f"the server cannot start: {error}", where="epics_pva", hint="correct `interfaces`, ports or `beacons`"
        ) from error
    given = server.conf()["EPICS_PVAS_SERVER_PORT"]
    if wanted and given != str(wanted):  # the engine takes another port where that one is not free
        server.stop()
        raise AdapterError(
            f"TCP port {wanted} is not free", where="epics_pva", hint="stop what uses it, or set another `port`"
        )
    return server


def _endpoints(server: Server) -> tuple[str, ...]:
    conf = server.conf()
    interfaces = [text.partition(":")[0] for text in conf["EPICS_PVAS_INTF_ADDR_LIST"].split()]
    return tuple(f"{host}:{conf['EPICS_PVAS_SERVER_PORT']}" for host in interfaces or [_EVERY_INTERFACE])


async def serve(
    pvs: Mapping[str, SharedPV],
    settings: PvAccessSettings,
    poster: Poster,
    puts: Puts,
    alongside: Sequence[Callable[[], Coroutine[Any, Any, None]]],
    ready: Callable[[tuple[str, ...]], None],
) -> None:
    """Serve until cancelled.

    Args:
        pvs: PVs by name; they outlive the server.
        settings: How to be reached.
        poster: Posts the changes of the PVs; what waits at the end is posted before clients are cut off.
        puts: Takes puts of clients while they can connect.
        alongside: What runs as long as the server does.
        ready: Called with `host:port` of every interface once clients can connect.

    Raises:
        AdapterError: The server cannot start.
    """
    provider = StaticProvider()
    for name, pv in pvs.items():
        provider.add(name, pv)
    with anyio.CancelScope(shield=True):  # a server that has started must be stopped again
        server = await anyio.to_thread.run_sync(partial(_start, provider, settings))
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(poster.run)
            for run in alongside:
                tasks.start_soon(run)
            try:
                async with puts.open():
                    ready(_endpoints(server))
                    await anyio.sleep_forever()
            finally:
                poster.stop()
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(server.stop)
