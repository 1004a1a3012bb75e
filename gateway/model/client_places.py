"""How many clients a server takes at once."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable

QUIET_S = 60.0
"""Seconds without a refusal after which the next one is told again."""

_ADDRESSES_KEPT = 100


class ClientPlaces:
    """Places for connections. No address gets all of them, so that one client cannot lock out the others.

    Args:
        most: Connections in all.
        log: Where it is told, once for each rush, that somebody is turned away.
        now: Seconds of a clock that only goes forwards.
        per_address: Connections of one address; None for half of all.
    """

    def __init__(
        self,
        most: int,
        log: logging.Logger,
        now: Callable[[], float] = time.monotonic,
        *,
        per_address: int | None = None,
    ) -> None:
        self._most = most
        self._per_address = most // 2 if per_address is None else per_address
        self._log = log
        self._now = now
        self._taken: Counter[str] = Counter()
        self._refused_at: dict[str, float] = {}

    def enter(self, host: str) -> bool:
        """Whether there is room for one more from this address; then it is taken."""
        if self._taken.total() >= self._most:
            self._refuse("all clients together", self._most)
            return False
        if self._taken[host] >= self._per_address:
            self._refuse(host, self._per_address)
            return False
        self._taken[host] += 1
        return True

    def leave(self, host: str) -> None:
        """Give a place back."""
        self._taken[host] -= 1
        if self._taken[host] <= 0:
            del self._taken[host]

    def _refuse(self, who: str, most: int) -> None:
        now = self._now()
        if now - self._refused_at.get(who, -QUIET_S) >= QUIET_S:
            self._log.warning("%s: %d connections are open, and no more are taken", who, most)
        if len(self._refused_at) >= _ADDRESSES_KEPT:
            self._refused_at.clear()
        self._refused_at[who] = now
