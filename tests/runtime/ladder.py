"""The quality ladder once more, from its definition: what clients must see of an analyser, and when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gateway.model.quality import State

LOST_AFTER = 3
"""Stale times without anything fresh until the last value is no longer usable."""


@dataclass(frozen=True)
class Outcome:
    """What came of an attempt to read: something fresh, or a failure."""

    monotonic_ns: int
    fresh: bool


@dataclass(frozen=True)
class Step:
    """A change of what clients see."""

    monotonic_ns: int
    state: State


def expected_steps(outcomes: Iterable[Outcome], stale_ns: int) -> Iterator[Step]:
    """Every change up to the last outcome, in order.

    Before the first fresh batch there is no last value to be uncertain of: then whatever is not good is lost.
    """
    shown, fresh_ns, ever = State.WAITING, 0, False
    state = State.WAITING
    for outcome in outcomes:
        now_ns = outcome.monotonic_ns
        changes: list[tuple[int, State]] = []
        if state in (State.WAITING, State.GOOD):
            changes.append((fresh_ns + stale_ns, State.STALE))
        if state is not State.COMMUNICATION_LOST:
            changes.append((fresh_ns + LOST_AFTER * stale_ns, State.COMMUNICATION_LOST))
        changes = [change for change in changes if change[0] < now_ns]
        if outcome.fresh:
            changes.append((now_ns, State.GOOD))
            fresh_ns = now_ns
        else:
            lost = state is State.COMMUNICATION_LOST or now_ns - fresh_ns >= LOST_AFTER * stale_ns
            changes.append((now_ns, State.COMMUNICATION_LOST if lost else State.COMMUNICATION_INTERRUPTED))
        for at_ns, state in changes:
            ever = ever or state is State.GOOD
            seen = state if ever else State.COMMUNICATION_LOST
            if seen is not shown:
                yield Step(at_ns, seen)
            shown = seen
