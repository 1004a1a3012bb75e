"""Machines and networks of their own, out of Linux network namespaces; neither root nor an installation is needed.

The first namespace belongs to a new user namespace, in which this user may do what only root may do elsewhere. Where
the kernel, a container or its profile forbids that, `impossible` says so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

ROOT = Path(__file__).parents[2]
PATIENCE_S = 30.0
TOOLS = ("ip", "nsenter", "unshare")


def impossible() -> str:
    """Why this machine cannot do it; empty where it can."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        return f"needs {', '.join(missing)} (Debian packages iproute2 and util-linux)"
    tried = subprocess.run(
        [
            "unshare",
            "-Urn",
            "sh",
            "-ec",
            "ip link add left type veth peer name right; ip rule add ipproto udp blackhole",
        ],
        capture_output=True,
        check=False,
    )
    return tried.stderr.decode().strip()


@dataclass
class Host:
    """One network namespace, held by a process.

    Attributes:
        process: Its holder.
    """

    process: Process

    @property
    def within(self) -> tuple[str, ...]:
        """Beginning of a command that runs there."""
        return ("nsenter", "--preserve-credentials", "-U", "-n", "-t", str(self.process.pid), "--")

    async def run(self, script: str) -> None:
        """Run a shell script there."""
        await anyio.run_process([*self.within, "sh", "-ec", script])

    async def join(self, name: str, other: Host, other_name: str) -> None:
        """Lay a cable between two hosts; both ends are up, without addresses."""
        peer = f"peer name {other_name} netns {other.process.pid}"
        await self.run(f"ip link add {name} type veth {peer}; ip link set {name} up")
        await other.run(f"ip link set {other_name} up")

    @asynccontextmanager
    async def serving(self, name: str, options: str, variables: Mapping[str, str] | None = None) -> AsyncIterator[str]:
        """Run `ca_server` there, with these EPICS_* variables and no others; gives its endpoint."""
        plain = {key: value for key, value in os.environ.items() if not key.startswith("EPICS_")}
        command = [*self.within, sys.executable, "-m", "tests.northbound.ca_server", name, options]
        async with _holding(command, env=plain | dict(variables or {})) as (_, endpoint):
            yield endpoint


@asynccontextmanager
async def hosts(count: int) -> AsyncIterator[list[Host]]:
    """Hosts without any network but their loopback."""
    hold = ("sh", "-ec", "ip link set lo up; echo ready; exec cat")
    async with _holding(["unshare", "-Urn", *hold]) as (first, _):
        found = [Host(first)]
        async with anyio.create_task_group() as tasks:
            for _ in range(count - 1):
                found.append(await tasks.start(_hold, [*found[0].within, "unshare", "-n", *hold]))
            yield found
            tasks.cancel_scope.cancel()


async def _hold(command: Sequence[str], *, task_status: anyio.abc.TaskStatus[Host]) -> None:
    async with _holding(command) as (process, _):
        task_status.started(Host(process))
        await anyio.sleep_forever()


@asynccontextmanager
async def _holding(command: Sequence[str], env: Mapping[str, str] | None = None) -> AsyncIterator[tuple[Process, str]]:
    """A process, and the first line that it says; it ends with the block."""
    async with await anyio.open_process(command, cwd=ROOT, stderr=None, env=env) as process:
        try:
            assert process.stdout is not None
            with anyio.fail_after(PATIENCE_S):
                line = await BufferedByteReceiveStream(process.stdout).receive_until(b"\n", 1000)
            yield process, line.decode()
        finally:
            process.kill()
