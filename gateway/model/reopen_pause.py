"""How long a lost wire is left alone before it is opened again."""

from __future__ import annotations

import random
from collections.abc import Callable

FIRST_S = 0.25
LONGEST_S = 5.0
JITTER = 0.2
"""Each pause is stretched or cut by up to this part, so that many wires of one dead server do not return in step."""


class ReopenPause:
    """Pauses that double while a wire stays down.

    They never get longer than the period in which its values are wanted, because opening is cheap and people wait.

    Args:
        period_s: Shortest period at which an analyser on the wire is polled or talks.
        uniform: Random numbers from 0 to 1; 0.5 gives the pauses without jitter.
    """

    def __init__(self, period_s: float = LONGEST_S, uniform: Callable[[], float] = random.random) -> None:
        self._uniform = uniform
        self._longest_s = min(max(period_s, FIRST_S / 2), LONGEST_S) / (1 + JITTER)
        self._pause_s = 0.0
        self.reset()

    def next_ns(self) -> int:
        """The pause after this failure, in nanoseconds."""
        pause_s = self._pause_s * (1 - JITTER + 2 * JITTER * self._uniform())
        self._pause_s = min(2 * self._pause_s, self._longest_s)
        return round(pause_s * 1e9)

    def reset(self) -> None:
        """The wire works."""
        self._pause_s = min(FIRST_S, self._longest_s)
