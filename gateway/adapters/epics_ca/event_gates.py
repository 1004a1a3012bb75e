"""What lets the events of one monitor pass: the channel filters `dbnd`, `dec` and `utag` of EPICS base."""

from __future__ import annotations

import math
from typing import Protocol

_UTAG = 0
"""UTAG of every record."""


class Gate(Protocol):
    """Looks at every event of one monitor, the first one included."""

    def passes(self, value: float | None, *, alarm: bool) -> bool:
        """Whether the monitor gets an event.

        Args:
            value: The value as a number; None for texts and arrays.
            alarm: Whether the monitor would hear of it for a change of its alarm, too.
        """
        ...


class Deadband:
    """Lets pass what differs by more than the deadband from what has passed before, and every change of the alarm.

    Args:
        size: In the unit of the value, or in percent of what has passed.
        relative: Whether it is in percent.
    """

    def __init__(self, size: float, *, relative: bool) -> None:
        self._size = size
        self._relative = relative
        self._width = 0.0 if relative else size
        self._last = math.nan

    def passes(self, value: float | None, *, alarm: bool) -> bool:
        """See `Gate`. As in EPICS base, a change of the alarm alone renews the width of a deadband in percent."""
        if value is None:
            return True
        beyond = _distance(self._last, value) > self._width
        if beyond:
            self._last = value
        if (beyond or alarm) and self._relative:
            self._width = value * self._size / 100.0
        return beyond or alarm


def _distance(old: float, new: float) -> float:
    """Between numbers that need not be any (`recGblCheckDeadband` of EPICS base)."""
    if math.isfinite(old) and math.isfinite(new):
        return abs(old - new)
    if math.isnan(old) != math.isnan(new) or math.isinf(old) != math.isinf(new):
        return math.inf
    return math.inf if math.isinf(new) and new != old else 0.0


class Decimation:
    """Lets pass the first of so many events.

    Args:
        every: How many.
    """

    def __init__(self, every: int) -> None:
        self._every = every
        self._count = 0

    def passes(self, value: float | None, *, alarm: bool) -> bool:  # noqa: ARG002  whatever happens
        """See `Gate`."""
        first = self._count == 0
        self._count = (self._count + 1) % self._every
        return first


class TagGate:
    """Lets pass what has the tag asked for; here every event has the same.

    Args:
        mask: Bits to look at.
        value: What they have to be.
    """

    def __init__(self, mask: int, value: int) -> None:
        self._is_asked_for = _UTAG & mask == value & mask

    def passes(self, value: float | None, *, alarm: bool) -> bool:  # noqa: ARG002  all tags are alike
        """See `Gate`."""
        return self._is_asked_for
