"""Room for others in the middle of a long request."""

from __future__ import annotations

import asyncio
import time

_LONG_S = 0.002


class Breath:
    """Lets others run now and then.

    Args:
        steps: Steps that are certainly short; only then is there a look at the clock.
    """

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._left = steps
        self._since = time.perf_counter()

    async def take(self, steps: int = 1) -> None:
        """Before so many steps."""
        self._left -= steps
        if self._left > 0:
            return
        self._left = self._steps
        if time.perf_counter() - self._since > _LONG_S:
            await asyncio.sleep(0)
            self._since = time.perf_counter()
