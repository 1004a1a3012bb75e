"""A PV that costs nothing until somebody connects to it.

Whether somebody is connected is told by the engine, in a thread of its own that holds none of the engine's locks
(pvxs 1.5, `SharedPV::attach`), and before the client can ask for anything. What the client then gets first is the last
state of now.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from p4p import Value
from p4p.server.raw import ServerOperation, SharedPV

from gateway.adapters.epics_pva.last_values import LastValues, Shown

READ_ONLY = "every PV of the gateway is read-only"


class WatchedPv(ABC):
    """One PV that follows the last values of a group.

    Args:
        last: The values.

    Attributes:
        shared: What the engine serves.
        watched: Whether clients are connected, so that changes have to be posted.
    """

    def __init__(self, last: LastValues) -> None:
        self._last = last
        self.watched = False
        self.shared = read_only_pv()
        self.shared.onFirstConnect(self._begin)
        self.shared.onLastDisconnect(self._end)

    @abstractmethod
    def whole(self, shown: Shown) -> Value:
        """A new structure with every field; called in threads of the engine."""

    @abstractmethod
    def tell(self, before: Shown, now: Shown) -> None:
        """Post what has changed; called on the event loop while `watched`."""

    def _begin(self, _pv: SharedPV) -> None:
        """Post the last state, again if the event loop has replaced it meanwhile: the newest is always posted last."""
        shown = self._last.shown
        if self.shared.isOpen():
            self.shared.post(self.whole(shown))
        else:
            self.shared.open(self.whole(shown))
        self.watched = True
        while shown is not self._last.shown:
            shown = self._last.shown
            self.shared.post(self.whole(shown))

    def _end(self, _pv: SharedPV) -> None:
        self.watched = False


def read_only_pv(initial: Value | None = None) -> SharedPV:
    """A PV that refuses whatever a client wants to write, and says why."""
    pv = SharedPV(initial=initial)
    pv.put(_refuse)
    pv.rpc(_refuse)
    return pv


def _refuse(_pv: SharedPV, operation: ServerOperation | Any) -> None:  # noqa: ANN401  p4p wraps a put, but not a call
    operation.done(error=READ_ONLY)
