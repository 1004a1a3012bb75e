"""Stop on SIGTERM or Ctrl-C, calmly the first time."""

from __future__ import annotations

import signal
import sys
from collections.abc import Awaitable, Callable

import anyio
from anyio.abc import TaskStatus


async def run_until_signal(work: Callable[[anyio.Event], Awaitable[None]]) -> None:
    """Run `work` until it returns; the event it is given is set by SIGTERM or SIGINT."""
    stop = anyio.Event()
    async with anyio.create_task_group() as tasks:
        if sys.platform != "win32":
            await tasks.start(_watch, stop)
        await work(stop)
        tasks.cancel_scope.cancel()


async def _watch(stop: anyio.Event, *, task_status: TaskStatus[None]) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        task_status.started()
        async for _ in signals:
            stop.set()
