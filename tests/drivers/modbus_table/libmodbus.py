"""A server of libmodbus to talk to, over TCP or over two pseudo-terminals joined like a null modem."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import threading
import tty
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from anyio import to_thread

from gateway.model.readings import ProtocolKind
from tests.ports import free_port

SERVER = Path(__file__).parent / "libmodbus_server.py"
_SPARE_TERMINALS = 4

Tables = Mapping[str, Mapping[int, int]]
"""Table to address to content, as `libmodbus_server` takes it."""


@contextmanager
def null_modem() -> Iterator[tuple[str, str]]:
    """Two terminals; what is written to one is read from the other."""
    masters, names = [], []
    # The lowest numbers are given out again and again; whoever still has the name of an earlier holder would talk here.
    spare = [number for _ in range(_SPARE_TERMINALS) for number in os.openpty()]
    for _ in range(2):
        master, slave = os.openpty()
        tty.setraw(slave)
        masters.append(master)
        names.append((slave, os.ttyname(slave)))
    stop, stopped = os.pipe()

    def join() -> None:
        while True:
            ready, _, _ = select.select([*masters, stop], [], [])
            if stop in ready:
                return
            for master in ready:
                os.write(masters[1 - masters.index(master)], os.read(master, 1024))

    thread = threading.Thread(target=join, name="null modem")
    thread.start()
    try:
        yield names[0][1], names[1][1]
    finally:
        os.write(stopped, b".")
        thread.join()
        for number in (*spare, *masters, *(slave for slave, _ in names), stop, stopped):
            os.close(number)


@contextmanager
def _running(kind: str, where: str, content: Mapping[str, Any]) -> Iterator[None]:
    with subprocess.Popen(
        [sys.executable, str(SERVER), kind, where], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(content))
            process.stdin.close()
            assert process.stdout.readline() == "ready\n"
            yield
        finally:
            process.kill()
            process.stdout.close()


@contextmanager
def libmodbus(protocol: ProtocolKind, slave: int, tables: Tables) -> Iterator[str]:
    """Run a server; gives the link of a bus that leads to it."""
    content = {"slave": slave} | dict(tables)
    if protocol is ProtocolKind.MODBUS_TCP:
        port = free_port()
        with _running("tcp", str(port), content):
            yield f"socket://127.0.0.1:{port}"
    else:
        with null_modem() as (near, far), _running("rtu", far, content):
            yield near


@asynccontextmanager
async def libmodbus_server(protocol: ProtocolKind, slave: int, tables: Tables) -> AsyncIterator[str]:
    """The same, without blocking the event loop."""
    server = libmodbus(protocol, slave, tables)
    link = await to_thread.run_sync(server.__enter__)
    try:
        yield link
    finally:
        await to_thread.run_sync(server.__exit__, None, None, None)
