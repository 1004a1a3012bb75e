"""Time from a stamp to a client, in bounded memory."""

from __future__ import annotations

import time

from gateway.model.histogram import Histogram


class Latency:
    """Counts events and how old they were on arrival; both sides share the clock of one machine."""

    def __init__(self) -> None:
        self.events = 0
        self._ages = Histogram()

    def arrived(self, events: int, stamp_us: int) -> None:
        """Count events of one stamp."""
        self.events += events
        self._ages.add(max(0, time.time_ns() // 1000 - stamp_us))

    def take(self) -> dict[str, float]:
        """Events, and median and 99th percentile of their age in ms, since the last call."""
        taken = {
            "events": self.events,
            "p50_ms": self._ages.percentile(0.5) / 1000,
            "p99_ms": self._ages.percentile(0.99) / 1000,
        }
        self.events, self._ages = 0, Histogram()
        return taken
