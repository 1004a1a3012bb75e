"""Processes of the bench: each prints one JSON line when it is ready, and one for every `mark` it is asked for."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

ROOT = Path(__file__).parents[1]
"""Where `bench` can be imported from."""

_PATIENCE_S = 60
_LONGEST_LINE = 10_000_000

Answer = Mapping[str, Any]


class Child:
    """One process of the bench, seen from the one that measures."""

    def __init__(self, process: Process) -> None:
        assert process.stdout is not None
        assert process.stdin is not None
        self._input = process.stdin
        self._lines = BufferedByteReceiveStream(process.stdout)
        self.pid = process.pid
        self.ready: dict[str, Any] = {}

    async def mark(self) -> dict[str, Any]:
        """What has been counted since the last mark."""
        await self._input.send(b"mark\n")
        return await self.line()

    async def line(self) -> dict[str, Any]:
        """The next line of the process.

        Raises:
            RuntimeError: It ended without one, or is too busy to answer; what it had to say is on standard error.
        """
        try:
            with anyio.fail_after(_PATIENCE_S):
                text = b""
                while not text.startswith(b"{"):  # libraries that greet on standard output
                    text = await self._lines.receive_until(b"\n", _LONGEST_LINE)
                answer: dict[str, Any] = json.loads(text)
        except (anyio.EndOfStream, anyio.IncompleteRead) as error:
            raise RuntimeError("a process of the bench has ended; see above") from error
        except TimeoutError as error:
            raise RuntimeError(f"a process of the bench has not answered for {_PATIENCE_S} s") from error
        return answer


@asynccontextmanager
async def child(
    module: str, task: Mapping[str, Any], environment: Mapping[str, str] | None = None
) -> AsyncIterator[Child]:
    """Start `python -m module` with a task, wait until it is ready, and end it after the block."""
    async with foreign_child([sys.executable, "-m", module], task, environment) as one:
        yield one


@asynccontextmanager
async def foreign_child(
    program: Sequence[str], task: Mapping[str, Any], environment: Mapping[str, str] | None = None
) -> AsyncIterator[Child]:
    """The same with any program that takes its task as its last argument."""
    command = [*program, json.dumps(task)]
    variables = {**os.environ, **(environment or {})}
    async with await anyio.open_process(command, stderr=None, env=variables, cwd=ROOT) as process:
        one = Child(process)
        try:
            one.ready = await one.line()
            yield one
        finally:
            process.kill()


async def answer_marks(mark: Callable[[], Answer], **ready: object) -> None:
    """The other side: say that this process is ready, and answer every `mark` until the input ends."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    _say(ready)
    while await reader.readline():
        _say(mark())


def _say(message: Answer) -> None:
    print(json.dumps(message), flush=True)
