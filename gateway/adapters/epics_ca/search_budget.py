"""How many searches by UDP are looked at: they come from anywhere, and each costs more to read than to send."""

from __future__ import annotations

import time
from collections.abc import Callable

_ADDRESSES_KEPT = 1000


class SearchBudget:
    """Allows a number of datagrams in a second; no address gets more than half of it.

    What was not used is kept for one second, so that a client that starts may send all its searches at once.

    Args:
        per_s: Datagrams in a second.
        now: Seconds of a clock that only goes forwards.
    """

    def __init__(self, per_s: float, now: Callable[[], float] = time.monotonic) -> None:
        self._per_s = per_s
        self._now = now
        self._left: dict[str, tuple[float, float]] = {}
        self._left_in_all = per_s, now()

    def take(self, host: str) -> bool:
        """Whether one more datagram of this address is looked at."""
        now = self._now()
        in_all = self._refilled(self._left_in_all, self._per_s, now)
        share = self._per_s / 2
        own = self._refilled(self._left.get(host, (share, now)), share, now)
        granted = in_all >= 1 and own >= min(1, share)
        self._left_in_all = in_all - granted, now
        if len(self._left) >= _ADDRESSES_KEPT:
            self._left.clear()
        self._left[host] = own - granted, now
        return granted

    @staticmethod
    def _refilled(left: tuple[float, float], per_s: float, now: float) -> float:
        amount, since = left
        return min(per_s, amount + (now - since) * per_s)
