"""Growing, jittered pauses between attempts to reach something that is down."""

from __future__ import annotations

import random
from collections.abc import Callable

from gateway.model.schedule import NS_PER_S

LADDER_S = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Pauses before the attempts; the last one repeats."""

JITTER = 0.2
"""Each pause is stretched or cut by up to this part, so that many analysers on one dead wire do not return in step."""


class BackOff:
    """Position on the ladder.

    Args:
        uniform: Random numbers from 0 to 1; 0.5 gives the ladder's own values.
    """

    def __init__(self, uniform: Callable[[], float] = random.random) -> None:
        self._uniform = uniform
        self._rung = 0

    def next_ns(self) -> int:
        """The next pause, in nanoseconds."""
        pause = LADDER_S[min(self._rung, len(LADDER_S) - 1)]
        self._rung += 1
        return round(pause * (1 - JITTER + 2 * JITTER * self._uniform()) * NS_PER_S)

    def reset(self) -> None:
        """Start at the first rung again."""
        self._rung = 0
