"""One alarm through time: what it says, and which of its events can still be answered (OPC 10000-9 section 5).

Pure Python: it looks at no clock and at no value. It is told what they say, and tells whether an event is due.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from gateway.adapters.opcua.conditions.alarm_stages import (
    Refusal,
    RefusedError,
    Shelf,
    ShelfSignal,
    Signal,
    Stage,
    next_shelf,
    next_stage,
)
from gateway.adapters.opcua.conditions.alarm_state import ALWAYS_TOLD, ASPECTS, AlarmState, Aspect, Comment, Finding
from gateway.model.quality import State
from gateway.model.stamp import Stamp

REMEMBERED_EVENTS = 32
"""EventIds that an alarm still knows; an operator answers the newest ones."""


class _Sent(NamedTuple):
    """What an event said: how often the alarm had been raised by then, and its stage."""

    episode: int
    stage: Stage


class Alarm:
    """One alarm. Whatever changes it returns whether an event is due; `event_id` is then the EventId of that event.

    Args:
        severity: Severity before anything is known.
        max_shelved_ns: MaxTimeShelved.
        new_event_id: Makes EventIds, never the same twice.
        now: Time of the start.

    Attributes:
        state: What it says.
        times: When each aspect last changed.
        message: Message of its last event.
        event_id: EventId of its last event; empty before the first.
        event_at: Time of its last event.
    """

    __slots__ = (
        "_episode", "_new_event_id", "_sent", "event_at", "event_id", "max_shelved_ns", "message", "state", "times",
    )  # fmt: skip

    def __init__(self, severity: int, max_shelved_ns: int, new_event_id: Callable[[], bytes], now: Stamp) -> None:
        self.state = AlarmState(Finding(None, severity, State.WAITING, ""))
        self.times = dict.fromkeys(Aspect, now)
        self.message = ""
        self.event_id = b""
        self.event_at = now
        self.max_shelved_ns = max_shelved_ns
        self._new_event_id = new_event_id
        self._episode = 0
        self._sent: dict[bytes, _Sent] = {}

    def observe(self, finding: Finding, now: Stamp) -> bool:
        """Take what the values say. While nobody can tell, everything but the quality stays as it was."""
        old = self.state
        if finding.grounds is None:
            uncertain = replace(old.finding, quality=finding.quality)
            return self._become(replace(old, finding=uncertain), now, finding.message)
        new = replace(old, finding=finding)
        if finding.severity != old.finding.severity:
            new = replace(new, last_severity=old.finding.severity)
        if old.enabled and finding.grounds - old.grounds:
            new = self._raised(new)
        elif old.stage.active and not finding.grounds:
            new = replace(new, stage=next_stage(old.stage, Signal.CLEAR))
            new = _on_shelf(new, next_shelf(old.shelf, ShelfSignal.CLEAR))
        return self._become(new, now, finding.message)

    def enable(self, now: Stamp) -> bool:
        """Begin again; an alarm whose cause is there is raised anew.

        Raises:
            RefusedError: It is enabled.
        """
        if self.state.enabled:
            raise RefusedError(Refusal.ALREADY_ENABLED)
        new = replace(self.state, enabled=True)
        return self._become(self._raised(new) if new.grounds else new, now, f"enabled: {new.finding.message}")

    def disable(self, now: Stamp) -> bool:
        """Say nothing more until somebody enables it.

        Raises:
            RefusedError: It is disabled.
        """
        self._require_enabled(Refusal.ALREADY_DISABLED)
        return self._become(replace(self.state, enabled=False, stage=Stage.NORMAL), now, "disabled")

    def acknowledge(self, event_id: bytes, remark: Comment, now: Stamp) -> bool:
        """Somebody has seen what an event reported.

        Raises:
            RefusedError: It is disabled, or the event is not known or does not wait for that.
        """
        sent = self._event(event_id)
        if sent.stage.acknowledged:
            raise RefusedError(Refusal.ALREADY_ACKNOWLEDGED)
        return self._answer(sent, Signal.ACKNOWLEDGE, remark, now, "acknowledged")

    def confirm(self, event_id: bytes, remark: Comment, now: Stamp) -> bool:
        """Somebody says that what had to be done is done.

        Raises:
            RefusedError: It is disabled, or the event is not known or does not wait for that.
        """
        sent = self._event(event_id)
        if sent.stage.confirmed:
            raise RefusedError(Refusal.ALREADY_CONFIRMED)
        return self._answer(sent, Signal.CONFIRM, remark, now, "confirmed")

    def comment(self, event_id: bytes, remark: Comment, now: Stamp) -> bool:
        """Somebody has something to say.

        Raises:
            RefusedError: It is disabled, or the event is not known.
        """
        self._event(event_id)
        return self._become(_remarked(self.state, remark), now, self.state.finding.message, always=True)

    def shelve_for(self, duration_ns: int, remark: Comment | None, now: Stamp) -> bool:
        """Put it on the shelf for a time.

        Raises:
            RefusedError: It is disabled or on the shelf for a time already, or the time is not possible.
        """
        shelf = self._next_shelf(ShelfSignal.SHELVE_FOR_A_TIME)
        if not 0 < duration_ns <= self.max_shelved_ns:
            raise RefusedError(Refusal.TIME_OUT_OF_RANGE)
        return self._put(shelf, now.monotonic_ns + duration_ns, remark, now)

    def shelve_once(self, remark: Comment | None, now: Stamp) -> bool:
        """Put it on the shelf until it has become inactive, though not for ever.

        Raises:
            RefusedError: It is disabled, or on the shelf that way already.
        """
        shelf = self._next_shelf(ShelfSignal.SHELVE_ONCE)
        return self._put(shelf, now.monotonic_ns + self.max_shelved_ns, remark, now)

    def unshelve(self, remark: Comment | None, now: Stamp) -> bool:
        """Take it off the shelf.

        Raises:
            RefusedError: It is disabled, or not on the shelf.
        """
        return self._put(self._next_shelf(ShelfSignal.UNSHELVE), None, remark, now)

    def expire(self, now: Stamp) -> bool:
        """Take it off the shelf if its time is over."""
        until = self.state.unshelve_at_ns
        if until is None or now.monotonic_ns < until:
            return False
        return self._put(next_shelf(self.state.shelf, ShelfSignal.EXPIRE), None, None, now)

    def _require_enabled(self, otherwise: Refusal = Refusal.DISABLED) -> None:
        if not self.state.enabled:
            raise RefusedError(otherwise)

    def _event(self, event_id: bytes) -> _Sent:
        self._require_enabled()
        sent = self._sent.get(event_id)
        if sent is None:
            raise RefusedError(Refusal.EVENT_UNKNOWN)
        return sent

    def _answer(self, sent: _Sent, signal: Signal, remark: Comment, now: Stamp, done: str) -> bool:
        if sent.episode != self._episode:  # raised again since, which is something else to see
            raise RefusedError(Refusal.EVENT_UNKNOWN)
        new = replace(self.state, stage=next_stage(self.state.stage, signal))
        by = f" by {remark.user}" if remark.user else ""
        return self._become(_remarked(new, remark), now, f"{done}{by}: {self.state.finding.message}")

    def _raised(self, state: AlarmState) -> AlarmState:
        self._episode += 1
        return replace(state, stage=next_stage(state.stage, Signal.RAISE))

    def _next_shelf(self, signal: ShelfSignal) -> Shelf:
        self._require_enabled()
        return next_shelf(self.state.shelf, signal)

    def _put(self, shelf: Shelf, until_ns: int | None, remark: Comment | None, now: Stamp) -> bool:
        new = _on_shelf(self.state, shelf, until_ns)
        new = new if remark is None else _remarked(new, remark)
        return self._become(new, now, f"{_SHELF_WORDS[shelf]}: {self.state.finding.message}")

    def _become(self, new: AlarmState, now: Stamp, message: str, *, always: bool = False) -> bool:
        old, self.state = self.state, new
        changed = {aspect for aspect, of in ASPECTS.items() if of(old) != of(new)}
        self.times.update(dict.fromkeys(changed, now))
        told = always or bool(changed & ALWAYS_TOLD) or (bool(changed) and (old.retain or new.retain))
        if not told or not (new.enabled or Aspect.ENABLED in changed):
            return False
        self.message, self.event_at, self.event_id = message, now, self._new_event_id()
        self._sent[self.event_id] = _Sent(self._episode, new.stage)
        if len(self._sent) > REMEMBERED_EVENTS:
            del self._sent[next(iter(self._sent))]
        return True


_SHELF_WORDS = {Shelf.UNSHELVED: "unshelved", Shelf.TIMED: "shelved for a time", Shelf.ONE_SHOT: "shelved once"}


def _on_shelf(state: AlarmState, shelf: Shelf, until_ns: int | None = None) -> AlarmState:
    """The same state for an alarm that stays where it is."""
    if shelf is state.shelf:
        return state
    return replace(state, shelf=shelf, former_shelf=state.shelf, unshelve_at_ns=until_ns)


def _remarked(state: AlarmState, remark: Comment) -> AlarmState:
    """A remark without text and locale leaves the comment as it was (OPC 10000-9 section 5.5.6)."""
    if remark.text or remark.locale:
        return replace(state, comment=remark)
    return replace(state, comment=replace(state.comment, user=remark.user))
