"""How many clients a server takes at once."""

from __future__ import annotations

import logging
from collections import Counter


class ClientPlaces:
    """Places for connections. No address gets more than half of them, so that one client cannot lock out the others.

    That somebody is turned away is logged once, until there has been room again for a while.

    Args:
        most: Connections in all.
        log: Where the refusal is told.
    """

    def __init__(self, most: int, log: logging.Logger) -> None:
        self._most = most
        self._log = log
        self._taken: Counter[str] = Counter()
        self._refused: set[str] = set()

    def enter(self, host: str) -> bool:
        """Whether there is room for one more from this address; then it is taken."""
        enough = self._has_room("all clients together", self._taken.total(), self._most)
        if not enough or not self._has_room(host, self._taken[host], self._most // 2):
            return False
        self._taken[host] += 1
        return True

    def leave(self, host: str) -> None:
        """Give a place back."""
        self._taken[host] -= 1
        if self._taken[host] <= 0:
            del self._taken[host]

    def _has_room(self, who: str, taken: int, most: int) -> bool:
        if taken < most // 2:
            self._refused.discard(who)
        elif taken >= most and who not in self._refused:
            self._refused.add(who)
            self._log.warning("%s: %d connections are open, and no more are taken", who, taken)
        return taken < most
