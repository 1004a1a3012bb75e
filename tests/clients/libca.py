"""libca, the Channel Access client of EPICS base, in processes of its own.

libca reads its EPICS_* settings once, when its first channel is made, so each server needs a process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

CLIENTS = Path(__file__).parent
PATIENCE = 40.0


class LibcaProcess:
    """One running client.

    Attributes:
        heard: Events of all monitors, in the order in which they came.
    """

    def __init__(self, process: Process) -> None:
        self.heard: list[dict[str, Any]] = []
        self._process = process
        self._number = 0
        self._answers: dict[int, dict[str, Any]] = {}
        self._events: dict[str, list[dict[str, Any]]] = {}
        self._changed = anyio.Condition()

    async def listen(self) -> None:
        assert self._process.stdout is not None
        lines = BufferedByteReceiveStream(self._process.stdout)
        while True:
            try:
                message = json.loads(await lines.receive_until(b"\n", 1_000_000))
            except (anyio.EndOfStream, anyio.IncompleteRead):
                return
            async with self._changed:
                if "tag" in message:
                    self._events.setdefault(message["tag"], []).append(message["event"])
                    self.heard.append(message["event"])
                else:
                    self._answers[message["id"]] = message
                self._changed.notify_all()

    async def ask(self, op: str, pv: str = "", **options: object) -> dict[str, Any]:
        """Ask, and return the answer; an error of the client is raised."""
        assert self._process.stdin is not None
        self._number += 1
        number = self._number
        request = {"id": number, "op": op, "pv": pv, **options}
        await self._process.stdin.send(json.dumps(request).encode() + b"\n")
        with anyio.fail_after(PATIENCE):
            async with self._changed:
                while number not in self._answers:
                    await self._changed.wait()
        answer = self._answers.pop(number)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        result: dict[str, Any] = answer["result"]
        return result

    async def get(self, pv: str, **options: object) -> dict[str, Any]:
        return await self.ask("get", pv, **options)

    async def put(self, pv: str, value: object, **options: object) -> None:
        """Put with callback, and wait for that."""
        await self.ask("put", pv, value=value, **options)

    async def monitor(self, pv: str, tag: str = "", **options: object) -> dict[str, Any]:
        """Subscribe, and return the first event."""
        await self.ask("monitor", pv, tag=tag or pv, **options)
        return (await self.events(tag or pv, 1))[0]

    async def events(self, tag: str, count: int) -> list[dict[str, Any]]:
        """Wait until that many events of a monitor have come since it began, and return all of them."""
        with anyio.fail_after(PATIENCE):
            async with self._changed:
                while len(self._events.get(tag, ())) < count:
                    await self._changed.wait()
        return list(self._events[tag])

    async def hear(self, count: int) -> list[dict[str, Any]]:
        """Wait until that many events of all monitors together have come, and return them in their order."""
        with anyio.fail_after(PATIENCE):
            async with self._changed:
                while len(self.heard) < count:
                    await self._changed.wait()
        return self.heard[:count]


def environment(port: int, **extra: str) -> dict[str, str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("EPICS_")}
    chosen = {
        "EPICS_CA_ADDR_LIST": "127.0.0.1",
        "EPICS_CA_AUTO_ADDR_LIST": "NO",
        "EPICS_CA_SERVER_PORT": str(port),
        "EPICS_CA_REPEATER_PORT": str(port),  # taken, so that libca starts no repeater
        **extra,
    }
    return {**clean, **{key: value for key, value in chosen.items() if value}}


@asynccontextmanager
async def connected(port: int, within: Sequence[str] = (), **extra: str) -> AsyncIterator[LibcaProcess]:
    """A client process; variables that are empty are left out. `within` begins a command that runs elsewhere."""
    command = [*within, sys.executable, str(CLIENTS / "ca_client.py")]
    async with await anyio.open_process(command, env=environment(port, **extra), stderr=subprocess.DEVNULL) as process:
        client = LibcaProcess(process)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(client.listen)
            try:
                yield client
            finally:
                process.kill()


class LibcaClient:
    """Asks one server, in a new process each time, by UDP search or, with `name_server`, by TCP search alone."""

    def __init__(self, port: int, *, name_server: bool = False) -> None:
        self._port = port
        by_name_server = {"EPICS_CA_ADDR_LIST": "", "EPICS_CA_NAME_SERVERS": f"127.0.0.1:{port}"}
        self._search = by_name_server if name_server else {}

    async def get(self, *pvs: str) -> dict[str, dict[str, Any]]:
        """Value, time stamp, alarm, units, precision and display limits of each PV."""
        async with connected(self._port, **self._search) as client:
            return {
                pv: await client.get(pv, format="CTRL") | _stamped(await client.get(pv, format="TIME")) for pv in pvs
            }

    async def monitor(self, pvs: Sequence[str], count: int) -> list[dict[str, Any]]:
        """The first `count` events of monitors on all PVs, in the order in which they came."""
        async with connected(self._port, **self._search) as client:
            for pv in pvs:
                await client.ask("monitor", pv, tag=pv, format="TIME")
            return [_stamped(event) for event in await client.hear(count)]


def _stamped(answer: dict[str, Any]) -> dict[str, Any]:
    seconds, nanoseconds = answer["raw_stamp"]
    stamp = {"stamp_us": seconds * 1_000_000 + nanoseconds // 1000, "below_us_ns": nanoseconds % 1000}
    return answer | stamp | {"pv": answer["name"]}
