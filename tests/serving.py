"""Any adapter, served for the length of a block."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from anyio.abc import TaskStatus

from gateway.ports import Adapter


@asynccontextmanager
async def serving(adapter: Adapter) -> AsyncIterator[str]:
    """Serve; gives the first endpoint."""

    async def serve(*, task_status: TaskStatus[None]) -> None:
        await adapter.serve(task_status=task_status)

    async with anyio.create_task_group() as tasks:
        with anyio.fail_after(30):
            await tasks.start(serve)
        try:
            yield adapter.endpoints[0]
        finally:
            tasks.cancel_scope.cancel()
