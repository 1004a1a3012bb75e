"""What is armed on one analyser, by whom, and until when."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from gateway.model.actions import ArgumentValue
from gateway.model.asker import Asker
from gateway.model.stamp import Clock

ARMED_S = 30
"""Seconds from arming to the latest confirmation."""

_ARMED_NS = ARMED_S * 1_000_000_000
_PER_HOST = 8  # user names cost a client nothing; so no host can fill the memory, nor push out another's arming


@dataclass(frozen=True, slots=True)
class Arming:
    """What one asker has armed.

    Attributes:
        action: `ActionSpec.name`.
        arguments: At most one.
        expires_ns: Monotonic time from which it no longer counts.
    """

    action: str
    arguments: tuple[ArgumentValue, ...]
    expires_ns: int


class Armings:
    """At most one per asker, oldest first.

    Args:
        clock: Time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._by_asker: dict[Asker, Arming] = {}

    @property
    def all(self) -> Collection[Arming]:
        """Every arming, oldest first; those that have expired go with the next `forget_expired` or `take`."""
        return self._by_asker.values()

    @property
    def next_expiry_ns(self) -> int | None:
        """Monotonic time at which the oldest expires; None while nothing is armed."""
        return next((arming.expires_ns for arming in self._by_asker.values()), None)

    def add(self, asker: Asker, action: str, arguments: tuple[ArgumentValue, ...]) -> None:
        """Arm; what the same asker had armed before is replaced."""
        self._by_asker.pop(asker, None)
        of_host = [other for other in self._by_asker if other.host == asker.host]
        if len(of_host) >= _PER_HOST:
            del self._by_asker[of_host[0]]
        self._by_asker[asker] = Arming(action, arguments, self._clock.monotonic_ns() + _ARMED_NS)

    def take(self, asker: Asker) -> Arming | None:
        """Disarm; returns what was armed and still counts."""
        self.forget_expired()
        return self._by_asker.pop(asker, None)

    def drop(self, asker: Asker, action: str) -> None:
        """Disarm if it is this action that the asker has armed."""
        arming = self._by_asker.get(asker)
        if arming is not None and arming.action == action:
            del self._by_asker[asker]

    def clear(self) -> None:
        """Disarm everything."""
        self._by_asker.clear()

    def forget_expired(self) -> None:
        """Disarm what nobody has confirmed in time."""
        now = self._clock.monotonic_ns()
        for asker in [asker for asker, arming in self._by_asker.items() if arming.expires_ns <= now]:
            del self._by_asker[asker]
