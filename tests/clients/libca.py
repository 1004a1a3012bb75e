"""libca, the Channel Access client of EPICS base, in a process of its own."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio

_SCRIPT = Path(__file__).with_name("libca_client.py")


class LibcaClient:
    """Asks one server by its port, by UDP search or, with `name_server`, by TCP search alone."""

    def __init__(self, port: int, *, name_server: bool = False) -> None:
        search = (
            {"EPICS_CA_ADDR_LIST": "", "EPICS_CA_NAME_SERVERS": f"127.0.0.1:{port}"}
            if name_server
            else {"EPICS_CA_ADDR_LIST": "127.0.0.1", "EPICS_CA_SERVER_PORT": str(port)}
        )
        self._environment = {**os.environ, "EPICS_CA_AUTO_ADDR_LIST": "NO", **search}

    async def _run(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        with anyio.fail_after(90):
            done = await anyio.run_process(
                [sys.executable, str(_SCRIPT), json.dumps(request)], env=self._environment, check=False
            )
        assert done.returncode == 0, done.stderr.decode()
        return [json.loads(line) for line in done.stdout.splitlines()]

    async def get(self, *pvs: str) -> dict[str, dict[str, Any]]:
        """Value, time stamp, alarm, units, precision and display limits of each PV."""
        answers = await self._run({"do": "get", "pvs": list(pvs)})
        return {answer["pv"]: answer for answer in answers}

    async def monitor(self, pvs: Sequence[str], count: int) -> list[dict[str, Any]]:
        """The first `count` events of monitors on all PVs."""
        return await self._run({"do": "monitor", "pvs": list(pvs), "count": count})
