"""Fair turns: requests of all clients together leave room for acquisition, however many come."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_SPACED_S = 0.001
_LONG_S = 0.005
_REST = 2.0
"""Rest after a long request, as a multiple of its duration: clients get at most a third of the event loop."""

_LONGEST_REST_S = 0.5


class Turns:
    """One request in one turn of the event loop, whoever it comes from, and a rest after a long one.

    A request that comes alone does not wait.
    """

    def __init__(self) -> None:
        self._gate = asyncio.Lock()
        self._free_at = 0.0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn; the block is the request. Others may have theirs while the block itself waits."""
        if self._gate.locked() or time.monotonic() < self._free_at:
            async with self._gate:
                await asyncio.sleep(max(0.0, self._free_at - time.monotonic() - _SPACED_S))
        began = time.monotonic()
        try:
            yield
        finally:
            now = time.monotonic()
            rest = min(_REST * (now - began), _LONGEST_REST_S) if now - began > _LONG_S else 0.0
            self._free_at = now + rest + _SPACED_S
