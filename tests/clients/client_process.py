"""A client that is a short script, in a process of its own."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from subprocess import PIPE

import anyio
from anyio.abc import Process
from anyio.streams.text import TextReceiveStream

from tests.clients.pva_client import PATIENCE_S


class Output:
    """Lines that a process has written."""

    def __init__(self, process: Process) -> None:
        assert process.stdout is not None
        self._stream = TextReceiveStream(process.stdout)
        self._text = ""

    async def line(self) -> str:
        while "\n" not in self._text:
            self._text += await self._stream.receive()
        line, _, self._text = self._text.partition("\n")
        return line


@asynccontextmanager
async def client_process(
    script: str, *arguments: str, environment: Mapping[str, str] = os.environ
) -> AsyncIterator[tuple[Process, Output]]:
    command = [sys.executable, "-c", script, *arguments]
    async with await anyio.open_process(command, stdin=PIPE, stdout=PIPE, stderr=None, env=environment) as process:
        try:
            with anyio.fail_after(PATIENCE_S):
                yield process, Output(process)
        finally:
            process.kill()
