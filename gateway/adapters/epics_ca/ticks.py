"""One update of a group of points, as those see it who send it on in rows."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gateway.adapters.epics_ca.row_form import Numbers


class Tick:
    """What one update has changed, as arrays over all points of the group. Never changed once made.

    Most ticks of a measuring analyser bring a new number for every point and no new alarm. Such a tick is made without
    numpy: a handful of its operations, each of which has its own code to be fetched, is most of what a tick costs.

    Args:
        alarms: STAT and SEVR; the same array as before where none has changed. Shape (2, n).
        time: Of the points that have changed: seconds since 1990 and nanoseconds.
        numbers: Values; 0 for texts, for arrays and for what is not known yet. Shape (n,). None if they are packed.
        values_changed: Which values are new. Shape (n,). None for all.
        alarms_changed: Which alarms are new; None for none at all. Shape (n,).
        packed: The values as big-endian doubles, where all are new numbers and no alarm is.
    """

    __slots__ = ("_numbers", "_values_changed", "alarms", "alarms_changed", "packed", "time")

    def __init__(
        self,
        alarms: NDArray[np.int16],
        time: tuple[int, int],
        numbers: Numbers | None = None,
        values_changed: NDArray[np.bool_] | None = None,
        alarms_changed: NDArray[np.bool_] | None = None,
        packed: bytes | None = None,
    ) -> None:
        self.alarms = alarms
        self.time = time
        self._numbers = numbers
        self._values_changed = values_changed
        self.alarms_changed = alarms_changed
        self.packed = packed

    @property
    def numbers(self) -> Numbers:
        """Values; 0 for texts, for arrays and for what is not known yet. Shape (n,)."""
        if self._numbers is None:
            self._numbers = np.frombuffer(self.packed or b"", ">f8").astype(np.float64)
        return self._numbers

    @property
    def values_changed(self) -> NDArray[np.bool_]:
        """Which values are new. Shape (n,)."""
        if self._values_changed is None:
            self._values_changed = np.ones(self.alarms.shape[1], np.bool_)
        return self._values_changed


class TickWatcher(Protocol):
    """Whoever wants every tick of a group in which something changes."""

    def take(self, tick: Tick) -> None:
        """A new tick. Never suspends."""
        ...
