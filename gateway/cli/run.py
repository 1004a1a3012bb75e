"""`analyser-gateway run`."""

from __future__ import annotations

import logging
from pathlib import Path

import anyio

from gateway.app import Gateway
from gateway.cli.signals import run_until_signal
from gateway.settings.load import check_settings, load_settings

_log = logging.getLogger("gateway")


def run_gateway(config: Path) -> None:
    """Acquire and serve until a signal comes.

    Raises:
        SettingsError: The settings cannot be used; nothing was started.
        AdapterError: A server cannot start.
    """
    settings = load_settings(config)
    for warning in check_settings(settings).warnings:
        _log.warning("%s", warning)
    gateway = Gateway(settings)

    async def work(stop: anyio.Event) -> None:
        async with anyio.create_task_group() as tasks:
            await tasks.start(gateway.run, stop)
            for name, endpoints in gateway.endpoints.items():
                _log.info("%s serves %s", name, ", ".join(endpoints))
            _log.info("serving %s; stop with Ctrl-C", ", ".join(settings.analysers))

    anyio.run(run_until_signal, work, backend="asyncio")
    _log.info("stopped")
