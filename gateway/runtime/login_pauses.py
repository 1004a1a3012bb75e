"""Pauses after wrong passwords, which slow down who guesses and lock out nobody.

Every user name has, at every place, its own count of wrong passwords in a row. After three the name is deaf there for
1, 2, 4, ... 30 s, to the right password too, so that a guesser learns nothing meanwhile. A place is an address together
with the certificate of the client application, so nobody can use up the attempts of somebody who logs in elsewhere, or
through another application on the same machine: where nothing wrong has been tried, the right password works at once.

Many places that guess one name together, and one place that guesses many names, are slowed down as well: a name under
attack everywhere gets one free attempt per place and then the longest pause, and a place that has been wrong ten times,
whatever the names, gets pauses of its own.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from gateway.model.access import Place
from gateway.model.stamp import Clock

FREE_ATTEMPTS = 3
FREE_AT_A_PLACE = 10
ATTACKED_AFTER = 20
"""Wrong passwords for one name, at all places, from which on it counts as under attack."""

LONGEST_PAUSE_S = 30.0
FORGOTTEN_S = 900.0
"""Seconds without a wrong password after which the earlier ones no longer count."""

KEPT = 2000
"""Counts of each kind that are kept; beyond them the one that was longest not touched is forgotten."""


@dataclass(slots=True)
class _Count:
    wrong: int = 0
    last_ns: int = 0
    deaf_until_ns: int = 0


class _Counts:
    """Counts by key, of bounded number."""

    def __init__(self) -> None:
        self._counts: OrderedDict[object, _Count] = OrderedDict()

    def __len__(self) -> int:
        return len(self._counts)

    def get(self, key: object, now_ns: int) -> _Count | None:
        count = self._counts.get(key)
        if count is not None and now_ns - count.last_ns > FORGOTTEN_S * 1e9:
            del self._counts[key]
            return None
        return count

    def add(self, key: object, now_ns: int) -> _Count:
        count = self.get(key, now_ns) or _Count()
        self._counts[key] = count
        self._counts.move_to_end(key)
        if len(self._counts) > KEPT:
            self._counts.popitem(last=False)
        count.wrong += 1
        count.last_ns = now_ns
        return count

    def forget(self, key: object) -> int:
        count = self._counts.pop(key, None)
        return 0 if count is None else count.wrong


class LoginPauses:
    """Says when a password may be tried.

    Args:
        clock: Time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pairs, self._names, self._places = _Counts(), _Counts(), _Counts()

    def __len__(self) -> int:
        """Counts that are kept at present."""
        return len(self._pairs) + len(self._names) + len(self._places)

    def is_deaf(self, name: str, place: Place) -> bool:
        """Whether a password for this name is not looked at here and now."""
        now_ns = self._clock.monotonic_ns()
        counts = (self._pairs.get((name, place), now_ns), self._places.get(place, now_ns))
        return any(count is not None and now_ns < count.deaf_until_ns for count in counts)

    def wrong(self, name: str, place: Place) -> int:
        """Count a wrong password; returns how many there have been in a row for the name at this place."""
        now_ns = self._clock.monotonic_ns()
        attacked = self._names.add(name, now_ns).wrong > ATTACKED_AFTER
        pair, here = self._pairs.add((name, place), now_ns), self._places.add(place, now_ns)
        if attacked:
            pair.deaf_until_ns = now_ns + round(LONGEST_PAUSE_S * 1e9)
        else:
            _pause(pair, FREE_ATTEMPTS, now_ns)
        _pause(here, FREE_AT_A_PLACE, now_ns)
        return pair.wrong

    def right(self, name: str, place: Place) -> int:
        """Note the right password; returns the number of wrong ones before it. The place and others keep their counts.

        Whoever knows one password may guess others, so the count of the place does not end.
        """
        return self._pairs.forget((name, place))


def _pause(count: _Count, free: int, now_ns: int) -> None:
    if count.wrong >= free:
        pause_s = min(2.0 ** min(count.wrong - free, 10), LONGEST_PAUSE_S)
        count.deaf_until_ns = now_ns + round(pause_s * 1e9)
