"""The state machines of an alarm as tables (OPC 10000-9 sections 5.7 and 5.8). Pure Python, without time.

A stage holds ActiveState, AckedState and ConfirmedState at once; only six of their eight combinations can be. Confirmed
becomes false by the acknowledgement, which is what has to be confirmed (OPC 10000-9 annex B.1).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, StrEnum


class Refusal(StrEnum):
    """Why somebody's wish is not granted; each is a StatusCode of OPC 10000-9."""

    DISABLED = "the condition is disabled"
    ALREADY_ENABLED = "the condition is enabled already"
    ALREADY_DISABLED = "the condition is disabled already"
    EVENT_UNKNOWN = "no event of this condition has this EventId"
    ALREADY_ACKNOWLEDGED = "that event needs no acknowledgement, or has one"
    ALREADY_CONFIRMED = "that event needs no confirmation, or has one"
    ALREADY_SHELVED = "the alarm is shelved that way already"
    NOT_SHELVED = "the alarm is not shelved"
    TIME_OUT_OF_RANGE = "the shelving time is not positive, or beyond MaxTimeShelved"


class RefusedError(Exception):
    """A wish that the state of the alarm does not allow.

    Attributes:
        refusal: Why.
    """

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal


class Stage(Enum):
    """Active, acknowledged, confirmed."""

    NORMAL = (False, True, True)
    RAISED = (True, False, True)
    RAISED_ACKNOWLEDGED = (True, True, False)
    RAISED_CONFIRMED = (True, True, True)
    CLEARED = (False, False, True)
    CLEARED_ACKNOWLEDGED = (False, True, False)

    @property
    def active(self) -> bool:
        """ActiveState/Id."""
        return self.value[0]

    @property
    def acknowledged(self) -> bool:
        """AckedState/Id."""
        return self.value[1]

    @property
    def confirmed(self) -> bool:
        """ConfirmedState/Id."""
        return self.value[2]

    @property
    def is_interesting(self) -> bool:
        """Retain of an enabled condition: something about it is still open."""
        return self is not Stage.NORMAL


class Signal(Enum):
    """What can happen to a stage."""

    RAISE = "the cause is there, or another one has come"
    CLEAR = "the cause has gone"
    ACKNOWLEDGE = "an operator has seen it"
    CONFIRM = "an operator says that what was to be done is done"


_S, _G, _R = Stage, Signal, Refusal

STAGES: Mapping[Stage, Mapping[Signal, Stage | Refusal]] = {
    _S.NORMAL: {
        _G.RAISE: _S.RAISED,
        _G.CLEAR: _S.NORMAL,
        _G.ACKNOWLEDGE: _R.ALREADY_ACKNOWLEDGED,
        _G.CONFIRM: _R.ALREADY_CONFIRMED,
    },
    _S.RAISED: {
        _G.RAISE: _S.RAISED,
        _G.CLEAR: _S.CLEARED,
        _G.ACKNOWLEDGE: _S.RAISED_ACKNOWLEDGED,
        _G.CONFIRM: _R.ALREADY_CONFIRMED,
    },
    _S.RAISED_ACKNOWLEDGED: {
        _G.RAISE: _S.RAISED,
        _G.CLEAR: _S.CLEARED_ACKNOWLEDGED,
        _G.ACKNOWLEDGE: _R.ALREADY_ACKNOWLEDGED,
        _G.CONFIRM: _S.RAISED_CONFIRMED,
    },
    _S.RAISED_CONFIRMED: {
        _G.RAISE: _S.RAISED,
        _G.CLEAR: _S.NORMAL,
        _G.ACKNOWLEDGE: _R.ALREADY_ACKNOWLEDGED,
        _G.CONFIRM: _R.ALREADY_CONFIRMED,
    },
    _S.CLEARED: {
        _G.RAISE: _S.RAISED,
        _G.CLEAR: _S.CLEARED,
        _G.ACKNOWLEDGE: _S.CLEARED_ACKNOWLEDGED,
        _G.CONFIRM: _R.ALREADY_CONFIRMED,
    },
    _S.CLEARED_ACKNOWLEDGED: {
        _G.RAISE: _S.RAISED,
        _G.CLEAR: _S.CLEARED_ACKNOWLEDGED,
        _G.ACKNOWLEDGE: _R.ALREADY_ACKNOWLEDGED,
        _G.CONFIRM: _S.NORMAL,
    },
}
"""What every signal leads to. A cause that comes anew has to be acknowledged anew."""


class Shelf(StrEnum):
    """States of the ShelvedStateMachineType; the values are their BrowseNames."""

    UNSHELVED = "Unshelved"
    TIMED = "TimedShelved"
    ONE_SHOT = "OneShotShelved"


class ShelfSignal(Enum):
    """What can happen to a shelf."""

    SHELVE_FOR_A_TIME = "TimedShelve"
    SHELVE_ONCE = "OneShotShelve"
    UNSHELVE = "Unshelve"
    EXPIRE = "the time is over"
    CLEAR = "the alarm has become inactive"


_H, _E = Shelf, ShelfSignal

SHELVES: Mapping[Shelf, Mapping[ShelfSignal, Shelf | Refusal]] = {
    _H.UNSHELVED: {
        _E.SHELVE_FOR_A_TIME: _H.TIMED,
        _E.SHELVE_ONCE: _H.ONE_SHOT,
        _E.UNSHELVE: _R.NOT_SHELVED,
        _E.EXPIRE: _H.UNSHELVED,
        _E.CLEAR: _H.UNSHELVED,
    },
    _H.TIMED: {
        _E.SHELVE_FOR_A_TIME: _R.ALREADY_SHELVED,
        _E.SHELVE_ONCE: _H.ONE_SHOT,
        _E.UNSHELVE: _H.UNSHELVED,
        _E.EXPIRE: _H.UNSHELVED,
        _E.CLEAR: _H.TIMED,
    },
    _H.ONE_SHOT: {
        _E.SHELVE_FOR_A_TIME: _H.TIMED,
        _E.SHELVE_ONCE: _R.ALREADY_SHELVED,
        _E.UNSHELVE: _H.UNSHELVED,
        _E.EXPIRE: _H.UNSHELVED,
        _E.CLEAR: _H.UNSHELVED,
    },
}
"""What every signal leads to (OPC 10000-9 section 5.8.17)."""


def next_stage(stage: Stage, signal: Signal) -> Stage:
    """What a signal leads to.

    Raises:
        RefusedError: It cannot be given here.
    """
    following = STAGES[stage][signal]
    if isinstance(following, Refusal):
        raise RefusedError(following)
    return following


def next_shelf(shelf: Shelf, signal: ShelfSignal) -> Shelf:
    """What a signal leads to.

    Raises:
        RefusedError: It cannot be given here.
    """
    following = SHELVES[shelf][signal]
    if isinstance(following, Refusal):
        raise RefusedError(following)
    return following
