"""Time for the thread of a back end that has no hardware to wait for."""

from __future__ import annotations

import threading
import time
from typing import Protocol


class ThreadClock(Protocol):
    """What such a thread waits on. Tests inject one that they advance by hand."""

    def monotonic_ns(self) -> int:
        """Monotonic time in nanoseconds."""
        ...

    def wait_until(self, monotonic_ns: int, stop: threading.Event) -> bool:
        """Return at that time; False at once when `stop` is set before."""
        ...


class SystemThreadClock:
    """The machine's time."""

    def monotonic_ns(self) -> int:
        """Monotonic time in nanoseconds."""
        return time.monotonic_ns()

    def wait_until(self, monotonic_ns: int, stop: threading.Event) -> bool:
        """Return at that time; False at once when `stop` is set before."""
        remaining = monotonic_ns - time.monotonic_ns()
        if remaining <= 0:
            return not stop.is_set()
        return not stop.wait(remaining / 1e9)
