"""Channel Access clients of several makes, each in a process of its own, that all run one script: `ca_judge.py`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from tests.clients.libca import CLIENTS, PATIENCE, environment

WITHOUT_DEBIAN = "Debian's libca is not installed (package libca-dev)"


def debian_libca() -> Path | None:
    """The C library that the distribution builds; None where it does not."""
    found = sorted(Path("/usr/lib").glob("*/libca.so.[0-9]*.*"))
    return found[-1] if found else None


def bundled_libca() -> Path:
    """The C library that pyepics brings along."""
    command = [sys.executable, "-c", "import epics.ca; print(epics.ca.find_libca())"]
    environment = {name: text for name, text in os.environ.items() if name != "PYEPICS_LIBCA"}
    return Path(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.strip())


async def witness(port: int, names: Sequence[str], libca: Path | None = None) -> Any:
    """What the functions of a libca hear of these names: see `tests/oracle/ca_witness.py`."""
    script = str(CLIENTS.parent / "oracle" / "ca_witness.py")
    command = [script] if libca is None else [str(CLIENTS / "with_libca.py"), str(libca), script]
    with anyio.fail_after(PATIENCE):
        done = await anyio.run_process(
            [sys.executable, *command], input=json.dumps(names).encode(), env=environment(port), stderr=None
        )
    return json.loads(done.stdout)


@dataclass(frozen=True)
class Judge:
    """One client.

    Attributes:
        client: Which of `ca_judge.CLIENTS`.
        libca: The C library that pyepics takes; None for its own.
    """

    client: str
    libca: Path | None = None


class RunningJudge:
    """One client at work.

    Attributes:
        heard: Events of all monitors, by PV.
    """

    def __init__(self, process: Process) -> None:
        assert process.stdout is not None
        self._process = process
        self._lines = BufferedByteReceiveStream(process.stdout)
        self.heard: dict[str, list[dict[str, Any]]] = {}

    async def ask(self, gets: Mapping[str, Sequence[str]], puts: Sequence[str], monitors: Sequence[str]) -> Any:
        """Have PVs read in their own type and in others, written and monitored; returns what it has read."""
        assert self._process.stdin is not None
        request = {"get": gets, "put": puts, "monitor": monitors}
        self.heard = {pv: [] for pv in monitors}
        await self._process.stdin.send(json.dumps(request).encode() + b"\n")
        return await self._line()

    async def hear(self, count: int) -> None:
        """Wait until every monitor has had that many events."""
        while any(len(events) < count for events in self.heard.values()):
            event = await self._line()
            self.heard[event.pop("pv")].append(event)

    async def _line(self) -> Any:
        with anyio.fail_after(PATIENCE):
            return json.loads(await self._lines.receive_until(b"\n", 1_000_000))


@asynccontextmanager
async def judging(judge: Judge, port: int) -> AsyncIterator[RunningJudge]:
    """Start a client for the server at a port of this machine."""
    variables = environment(port, **({} if judge.libca is None else {"PYEPICS_LIBCA": str(judge.libca)}))
    command = [sys.executable, str(CLIENTS / "ca_judge.py"), judge.client]
    async with await anyio.open_process(command, env=variables, stderr=None) as process:
        try:
            yield RunningJudge(process)
        finally:
            process.kill()
