"""`analyser-gateway health`."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

import anyio

from gateway import registry
from gateway.errors import AdapterError
from gateway.settings.load import load_settings


def check_health(config: Path, timeout: float, out: TextIO) -> None:
    """Ask each configured server on this host for a sign of life.

    Args:
        config: Settings of the running gateway.
        timeout: Seconds to wait for each server.
        out: Where the result goes, one line per server.

    Raises:
        SettingsError: The settings cannot be used.
        AdapterError: A server is silent.
    """
    settings = load_settings(config)

    async def ask() -> list[str]:
        silent = []
        for name, section in settings.adapters.items():
            try:
                with anyio.fail_after(timeout):
                    out.write(f"{name}: {await registry.adapter(name).probe(section)}\n")
            except (OSError, ValueError) as error:
                silent.append(f"{name}: {str(error) or f'no answer within {timeout:g} s'}")
        return silent

    if silent := anyio.run(ask, backend="asyncio"):
        raise AdapterError("; ".join(silent), hint="is the gateway running?")
