"""A PV that costs nothing until somebody connects to it.

Whether somebody is connected is told by the engine, in a thread of its own that holds none of the engine's locks
(pvxs 1.5, `SharedPV::attach`), and before the client can ask for anything. What the client then gets first is the last
state of now.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod

from p4p import Value
from p4p.server.raw import SharedPV

from gateway.adapters.epics_pva.last_values import LastValues, Shown
from gateway.adapters.epics_pva.puts import Puts


class WatchedPv(ABC):
    """One PV that follows the last values of a group.

    Args:
        last: The values.
        puts: Where puts go.

    Attributes:
        shared: What the engine serves.
    """

    def __init__(self, last: LastValues, puts: Puts) -> None:
        self._last = last
        self._posted = last.shown
        self._turn = threading.Lock()
        """Between the thread that posts changes and those that tell of clients; the event loop never takes it."""
        self.shared = read_only_pv(puts)
        self.shared.onFirstConnect(self._begin)
        self.shared.onLastDisconnect(self._end)

    @abstractmethod
    def whole(self, shown: Shown) -> Value:
        """A new structure with every field."""

    @abstractmethod
    def change(self, before: Shown, now: Shown) -> Value | None:
        """A structure in which the fields are marked that have changed; None where none has."""

    def refresh(self) -> None:
        """Post what has changed since the last post."""
        with self._turn:
            now = self._last.shown
            change = self.change(self._posted, now)
            self._posted = now
            if change is not None:
                self.shared.post(change)

    def _begin(self, _pv: SharedPV) -> None:
        """Post everything. What the event loop replaces before it sees this PV among the watched ones is posted too."""
        with self._turn:
            self._posted = self._last.shown
            post = self.shared.post if self.shared.isOpen() else self.shared.open
            post(self.whole(self._posted))
        self._last.watched.add(self)
        self.refresh()

    def _end(self, _pv: SharedPV) -> None:
        self._last.watched.discard(self)


def read_only_pv(puts: Puts, initial: Value | None = None) -> SharedPV:
    """A PV that refuses whatever a client wants to write, and says why."""
    pv = SharedPV(initial=initial)
    pv.put(puts.refuse)
    pv.rpc(puts.refuse)
    return pv
