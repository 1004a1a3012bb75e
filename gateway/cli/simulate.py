"""`analyser-gateway simulate`."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import anyio

from gateway.cli.signals import run_until_signal
from gateway.errors import SettingsError
from gateway.settings.document import read_document
from gateway.simulator import SimulatorSettings, load_settings, running
from gateway.streaming.clock import SystemClock

_log = logging.getLogger("gateway.simulator")


def load_simulator(config: Path) -> SimulatorSettings:
    """Read a simulator file.

    Raises:
        SettingsError: The file cannot be used.
    """
    document = read_document(config, os.environ)
    document.problems.raise_errors()
    try:
        return load_settings(document.content)
    except SettingsError as error:
        raise SettingsError([f"{config}: {problem}" for problem in error.problems]) from error


def run_simulator(config: Path) -> None:
    """Simulate until a signal comes.

    Raises:
        SettingsError: The file cannot be used.
        LinkError: A line cannot be opened.
    """
    settings = load_simulator(config)

    async def work(stop: anyio.Event) -> None:
        async with running(settings, SystemClock()) as simulator:
            for name, line in simulator.lines.items():
                addresses = ", ".join(map(str, (*line.instruments, *line.banks)))
                _log.info("line %s: %s on %s, address %s", name, line.settings.protocol, line.endpoint, addresses)
            await stop.wait()

    anyio.run(run_until_signal, work, backend="asyncio")
    _log.info("stopped")
