"""What an alarm says at one instant, and what it is told. Pure Python."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from gateway.adapters.opcua.conditions.alarm_stages import Shelf, Stage
from gateway.model.quality import State

NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Finding:
    """What the values say of an alarm.

    Attributes:
        grounds: Everything for which it is up; empty for nothing, None while nobody can tell.
        severity: 1 to 1000.
        quality: State of the values that decide.
        message: For people.
        level: Which limit is exceeded, for an alarm on limits.
    """

    grounds: frozenset[str] | None
    severity: int
    quality: State
    message: str
    level: State | None = None


@dataclass(frozen=True, slots=True)
class Comment:
    """What somebody wrote on an alarm last.

    Attributes:
        text: Comment.
        locale: Of the text.
        user: ClientUserId; empty for somebody without a name.
    """

    text: str = ""
    locale: str = ""
    user: str = ""


@dataclass(frozen=True, slots=True)
class AlarmState:
    """State of one alarm.

    Attributes:
        finding: What the values say; its grounds are those that are known.
        enabled: EnabledState/Id.
        stage: ActiveState, AckedState and ConfirmedState.
        shelf: ShelvingState.
        former_shelf: The state that it was in before.
        unshelve_at_ns: Monotonic time at which shelving ends; None for an alarm that is not shelved.
        last_severity: LastSeverity.
        comment: Comment and ClientUserId.
    """

    finding: Finding
    enabled: bool = True
    stage: Stage = Stage.NORMAL
    shelf: Shelf = Shelf.UNSHELVED
    former_shelf: Shelf = Shelf.UNSHELVED
    unshelve_at_ns: int | None = None
    last_severity: int = 0
    comment: Comment = Comment()

    @property
    def grounds(self) -> frozenset[str]:
        """Grounds as far as they are known."""
        return NOTHING if self.finding.grounds is None else self.finding.grounds

    @property
    def retain(self) -> bool:
        """Retain: whether a client that has just come must be told of it."""
        return self.enabled and self.stage.is_interesting

    @property
    def is_shelved(self) -> bool:
        """SuppressedOrShelved; nothing suppresses alarms here."""
        return self.shelf is not Shelf.UNSHELVED


class Aspect(Enum):
    """What changes at its own time."""

    ENABLED = "EnabledState"
    ACTIVE = "ActiveState"
    ACKNOWLEDGED = "AckedState"
    CONFIRMED = "ConfirmedState"
    SHELF = "ShelvingState"
    QUALITY = "Quality"
    SEVERITY = "Severity"
    GROUNDS = "what it is up for"
    COMMENT = "Comment"


ASPECTS: Mapping[Aspect, Callable[[AlarmState], object]] = {
    Aspect.ENABLED: lambda state: state.enabled,
    Aspect.ACTIVE: lambda state: state.stage.active,
    Aspect.ACKNOWLEDGED: lambda state: state.stage.acknowledged,
    Aspect.CONFIRMED: lambda state: state.stage.confirmed,
    Aspect.SHELF: lambda state: state.shelf,
    Aspect.QUALITY: lambda state: state.finding.quality,
    Aspect.SEVERITY: lambda state: state.finding.severity,
    Aspect.GROUNDS: lambda state: state.grounds,
    Aspect.COMMENT: lambda state: state.comment,
}
"""How to see that an aspect has changed."""

ALWAYS_TOLD = frozenset({Aspect.ENABLED, Aspect.SHELF, Aspect.COMMENT})
"""Changes that are worth an event even when nothing about the alarm is open."""
