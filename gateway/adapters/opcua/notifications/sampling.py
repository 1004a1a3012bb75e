"""How often a monitored item looks at its value (OPC 10000-4 section 5.13.1.2)."""

from __future__ import annotations

import time
from dataclasses import dataclass

LONGEST_SAMPLING_INTERVAL = 86_400_000.0
"""Milliseconds."""

_EARLY = 0.1
"""Part of the interval by which a value may come early: analysers do not tick to the microsecond, and a client that
samples a value once a second wants every one of an analyser that is read once a second."""


def revised_sampling_interval(requested: float, publishing_interval: float, shortest: float) -> float:
    """The interval a client gets, in ms. 0 takes every value as it comes; a negative one is the publishing interval."""
    if requested == 0.0:
        return 0.0
    if not requested > 0.0:
        return publishing_interval
    return min(max(requested, shortest), LONGEST_SAMPLING_INTERVAL)


@dataclass(slots=True)
class Sampling:
    """Paces one item, or several that are alike.

    Attributes:
        interval: Milliseconds; 0 for every value.
        due_at: Monotonic time in seconds of the next look.
    """

    interval: float
    due_at: float = 0.0

    def is_due(self) -> bool:
        """Whether now is the time; if so, the next one is an interval later."""
        if not self.interval:
            return True
        now = time.monotonic()
        if now < self.due_at:
            return False
        self.due_at = now + self.interval * (1 - _EARLY) / 1000
        return True
