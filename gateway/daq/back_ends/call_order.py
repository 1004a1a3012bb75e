"""Refuses calls that a real driver would answer with an error, or with a crash."""

from __future__ import annotations

from enum import StrEnum

from gateway.daq.errors import DaqTaskStateError


class Stage(StrEnum):
    """How far a run has come."""

    IDLE = "idle"
    COMMITTED = "committed"
    REGISTERED = "registered"
    ARMED = "armed"
    RUNNING = "running"
    STOPPED = "stopped"
    UNREGISTERED = "unregistered"
    CLOSED = "closed"


_ANY = frozenset(Stage) - {Stage.CLOSED}
_QUIET = _ANY - {Stage.RUNNING}

CALLS: dict[str, tuple[frozenset[Stage], Stage | None]] = {
    "commit": (frozenset({Stage.IDLE, Stage.COMMITTED}), Stage.COMMITTED),
    "register": (frozenset({Stage.COMMITTED}), Stage.REGISTERED),
    "queue": (frozenset({Stage.REGISTERED, Stage.ARMED, Stage.RUNNING}), None),
    "arm": (frozenset({Stage.REGISTERED}), Stage.ARMED),
    "start": (frozenset({Stage.ARMED}), Stage.RUNNING),
    "mute": (_ANY, None),
    "stop": (_ANY, Stage.STOPPED),
    "unregister": (_QUIET, Stage.UNREGISTERED),
    "flush": (_QUIET - {Stage.REGISTERED, Stage.ARMED}, Stage.IDLE),
    "read_values": (_QUIET, None),
    "write_values": (_QUIET, None),
    "close": (frozenset(Stage), Stage.CLOSED),
}
"""By call: the stages in which it is allowed, and the stage after it (None for the same)."""


class CallOrder:
    """Keeps the stage.

    Attributes:
        stage: How far the run has come.
    """

    def __init__(self) -> None:
        self.stage = Stage.IDLE

    def enter(self, call: str) -> None:
        """Note a call.

        Raises:
            DaqTaskStateError: It is not its turn.
        """
        allowed, after = CALLS[call]
        if self.stage not in allowed:
            raise DaqTaskStateError(f"{call} is out of order: the device is {self.stage}", where="back end")
        self.stage = after or self.stage
