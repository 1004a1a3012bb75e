"""The state machines of an alarm, by the tables and by everything that can happen in any order."""

from __future__ import annotations

from itertools import count

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from gateway.adapters.opcua.conditions.alarm import REMEMBERED_EVENTS, Alarm
from gateway.adapters.opcua.conditions.alarm_stages import (
    SHELVES,
    STAGES,
    Refusal,
    RefusedError,
    Shelf,
    ShelfSignal,
    Signal,
    Stage,
)
from gateway.adapters.opcua.conditions.alarm_state import Comment, Finding
from gateway.model.quality import State
from gateway.model.stamp import Stamp

MAX_SHELVED_NS = 1000
ALICE = Comment("seen", "en", "alice")
SILENT = Comment(user="bob")


def _now(ns: int) -> Stamp:
    return Stamp(ns, ns)


def _finding(*grounds: str, severity: int = 500, quality: State = State.GOOD) -> Finding:
    return Finding(frozenset(grounds), severity, quality, "words")


UNKNOWN = Finding(None, 500, State.COMMUNICATION_LOST, "nobody knows")


def _alarm() -> Alarm:
    numbers = count(1)
    return Alarm(500, MAX_SHELVED_NS, lambda: next(numbers).to_bytes(8, "big"), _now(0))


def test_every_signal_has_an_outcome_in_every_state() -> None:
    assert set(STAGES) == set(Stage)
    assert all(set(row) == set(Signal) for row in STAGES.values())
    assert set(SHELVES) == set(Shelf)
    assert all(set(row) == set(ShelfSignal) for row in SHELVES.values())


def test_only_operators_are_refused_and_only_what_makes_no_sense() -> None:
    for stage, row in STAGES.items():
        assert row[Signal.RAISE] is Stage.RAISED
        assert isinstance(row[Signal.CLEAR], Stage)
        assert (row[Signal.ACKNOWLEDGE] is Refusal.ALREADY_ACKNOWLEDGED) == stage.acknowledged
        assert (row[Signal.CONFIRM] is Refusal.ALREADY_CONFIRMED) == stage.confirmed


def test_the_example_of_the_standard() -> None:
    """OPC 10000-9 annex B.1.2: acknowledged and confirmed while it comes and goes."""
    alarm = _alarm()
    seen = []

    def told(due: bool) -> bytes:
        assert due
        state = alarm.state
        seen.append((state.stage.active, state.stage.acknowledged, state.stage.confirmed, state.retain))
        return alarm.event_id

    event = told(alarm.observe(_finding("x"), _now(1)))
    event = told(alarm.acknowledge(event, ALICE, _now(2)))
    event = told(alarm.observe(_finding(), _now(3)))
    told(alarm.confirm(event, ALICE, _now(4)))
    told(alarm.observe(_finding("x"), _now(5)))
    event = told(alarm.observe(_finding(), _now(6)))
    event = told(alarm.acknowledge(event, ALICE, _now(7)))
    told(alarm.confirm(event, ALICE, _now(8)))
    assert seen == [
        (True, False, True, True),
        (True, True, False, True),
        (False, True, False, True),
        (False, True, True, False),
        (True, False, True, True),
        (False, False, True, True),
        (False, True, False, True),
        (False, True, True, False),
    ]


def test_an_answer_to_an_old_event_does_not_answer_the_new_one() -> None:
    alarm = _alarm()
    alarm.observe(_finding("x"), _now(1))
    old = alarm.event_id
    alarm.observe(_finding(), _now(2))
    alarm.observe(_finding("x"), _now(3))
    with pytest.raises(RefusedError, match="no event of this condition"):
        alarm.acknowledge(old, ALICE, _now(4))
    assert not alarm.state.stage.acknowledged


def test_old_events_are_forgotten() -> None:
    alarm = _alarm()
    alarm.observe(_finding("x"), _now(1))
    first = alarm.event_id
    alarm.acknowledge(first, ALICE, _now(2))
    for ns in range(REMEMBERED_EVENTS - 2):
        alarm.comment(first, ALICE, _now(3 + ns))
    alarm.observe(_finding(), _now(100))
    for answer in (alarm.comment, alarm.acknowledge, alarm.confirm):
        with pytest.raises(RefusedError) as refused:
            answer(first, ALICE, _now(101))
        assert refused.value.refusal is Refusal.EVENT_UNKNOWN


def test_an_event_that_had_its_answer_says_so_later_on() -> None:
    alarm = _alarm()
    alarm.observe(_finding("x"), _now(1))
    alarm.acknowledge(alarm.event_id, ALICE, _now(2))
    answered = alarm.event_id
    alarm.observe(_finding(), _now(3))
    alarm.observe(_finding("x"), _now(4))
    with pytest.raises(RefusedError) as refused:
        alarm.acknowledge(answered, ALICE, _now(5))
    assert refused.value.refusal is Refusal.ALREADY_ACKNOWLEDGED


def test_another_ground_has_to_be_acknowledged_anew() -> None:
    alarm = _alarm()
    alarm.observe(_finding("I1"), _now(1))
    alarm.acknowledge(alarm.event_id, ALICE, _now(2))
    assert alarm.observe(_finding("I1", "I2"), _now(3))
    assert not alarm.state.stage.acknowledged
    alarm.acknowledge(alarm.event_id, ALICE, _now(4))
    assert alarm.observe(_finding("I2"), _now(5))
    assert alarm.state.stage.acknowledged


def test_answered_twice() -> None:
    alarm = _alarm()
    alarm.observe(_finding("x"), _now(1))
    first = alarm.event_id
    alarm.acknowledge(first, ALICE, _now(2))
    second = alarm.event_id
    for event in (first, second):
        with pytest.raises(RefusedError) as refused:
            alarm.acknowledge(event, SILENT, _now(3))
        assert refused.value.refusal is Refusal.ALREADY_ACKNOWLEDGED
    with pytest.raises(RefusedError) as refused:
        alarm.confirm(first, SILENT, _now(3))
    assert refused.value.refusal is Refusal.ALREADY_CONFIRMED
    assert alarm.confirm(second, SILENT, _now(4))


def test_a_remark_without_text_keeps_the_comment() -> None:
    alarm = _alarm()
    alarm.observe(_finding("x"), _now(1))
    alarm.acknowledge(alarm.event_id, ALICE, _now(2))
    alarm.confirm(alarm.event_id, SILENT, _now(3))
    assert alarm.state.comment == Comment("seen", "en", "bob")
    alarm.comment(alarm.event_id, Comment("", "en", "bob"), _now(4))
    assert alarm.state.comment == Comment("", "en", "bob")


def test_what_nobody_can_tell_leaves_the_alarm_as_it_was() -> None:
    alarm = _alarm()
    assert not alarm.observe(UNKNOWN, _now(1))
    alarm.observe(_finding("x", severity=700), _now(2))
    assert alarm.observe(UNKNOWN, _now(3))
    assert alarm.state.stage is Stage.RAISED
    assert alarm.state.finding.severity == 700
    assert alarm.state.finding.quality is State.COMMUNICATION_LOST
    assert not alarm.observe(UNKNOWN, _now(4))


def test_the_severity_before() -> None:
    alarm = _alarm()
    alarm.observe(_finding("high", severity=550), _now(1))
    alarm.observe(_finding("high", "high-high", severity=850), _now(2))
    assert (alarm.state.finding.severity, alarm.state.last_severity) == (850, 550)


def test_shelved_once_it_comes_back_after_the_alarm() -> None:
    alarm = _alarm()
    alarm.shelve_once(None, _now(1))
    alarm.observe(_finding("x"), _now(2))
    assert alarm.state.is_shelved
    alarm.observe(_finding(), _now(3))
    assert not alarm.state.is_shelved
    assert not alarm.expire(_now(10**9))


@pytest.mark.parametrize("duration", [0, -1, MAX_SHELVED_NS + 1])
def test_times_on_the_shelf_that_cannot_be(duration: int) -> None:
    alarm = _alarm()
    with pytest.raises(RefusedError) as refused:
        alarm.shelve_for(duration, None, _now(1))
    assert refused.value.refusal is Refusal.TIME_OUT_OF_RANGE
    assert alarm.state.unshelve_at_ns is None


class Operating(RuleBasedStateMachine):
    """Values and operators do whatever they like, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.alarm = _alarm()
        self.now = 0
        self.sent: list[bytes] = []
        self.needed_acknowledgement: dict[bytes, bool] = {}

    def _stamp(self) -> Stamp:
        self.now += 1
        return _now(self.now)

    def _done(self, due: bool) -> None:
        if due:
            assert self.alarm.event_id not in self.sent
            self.sent.append(self.alarm.event_id)

    @rule(
        grounds=st.none() | st.frozensets(st.sampled_from("abc")),
        severity=st.sampled_from([100, 500, 900]),
        quality=st.sampled_from([State.GOOD, State.STALE, State.COMMUNICATION_LOST]),
    )
    def observe(self, grounds: frozenset[str] | None, severity: int, quality: State) -> None:
        before = self.alarm.state
        due = self.alarm.observe(Finding(grounds, severity, quality, "words"), self._stamp())
        self._done(due)
        after = self.alarm.state
        if not after.enabled:
            assert not due
            return
        assert after.stage.active == (before.stage.active if grounds is None else bool(grounds))
        if after.stage.active != before.stage.active:
            assert due
        if grounds is not None and grounds - before.grounds:
            assert due
            assert not after.stage.acknowledged
        elif before.stage.acknowledged:
            assert after.stage.acknowledged

    @rule(which=st.integers(0, 40), text=st.sampled_from(["", "note"]), what=st.sampled_from(["ack", "confirm", "say"]))
    def answer(self, which: int, text: str, what: str) -> None:
        event = self.sent[-1 - which] if which < len(self.sent) else b"guessed"
        remark, before = Comment(text, "", "eve"), self.alarm.state
        refusal: Refusal | None = None
        method = {"ack": self.alarm.acknowledge, "confirm": self.alarm.confirm, "say": self.alarm.comment}[what]
        try:
            due = method(event, remark, self._stamp())
        except RefusedError as error:
            assert self.alarm.state == before
            refusal = error.refusal
            due = False
        assert due == (refusal is None)
        if not due:
            assert event != b"guessed" or refusal is (Refusal.EVENT_UNKNOWN if before.enabled else Refusal.DISABLED)
            return
        assert before.enabled
        assert which < REMEMBERED_EVENTS
        self._done(due)
        after = self.alarm.state
        assert after.stage.active == before.stage.active
        assert after.comment.user == "eve"
        if what == "ack":
            assert (before.stage.acknowledged, after.stage.acknowledged, after.stage.confirmed) == (False, True, False)
        elif what == "confirm":
            assert (before.stage.confirmed, after.stage.confirmed) == (False, True)
        else:
            assert after.stage is before.stage

    @rule(enabled=st.booleans())
    def switch(self, enabled: bool) -> None:
        before = self.alarm.state
        try:
            due = self.alarm.enable(self._stamp()) if enabled else self.alarm.disable(self._stamp())
        except RefusedError:
            assert before.enabled == enabled
            return
        assert due
        assert before.enabled != enabled
        self._done(due)
        assert self.alarm.state.stage.active == (enabled and bool(before.grounds))

    @rule(what=st.sampled_from(["time", "once", "off"]), duration=st.integers(-1, MAX_SHELVED_NS + 1))
    def shelve(self, what: str, duration: int) -> None:
        before = self.alarm.state
        try:
            if what == "time":
                due = self.alarm.shelve_for(duration, None, self._stamp())
            elif what == "once":
                due = self.alarm.shelve_once(None, self._stamp())
            else:
                due = self.alarm.unshelve(None, self._stamp())
        except RefusedError:
            assert self.alarm.state == before
            return
        assert due
        self._done(due)
        assert self.alarm.state.shelf is not before.shelf

    @rule(ns=st.integers(0, 2 * MAX_SHELVED_NS))
    def wait(self, ns: int) -> None:
        self.now += ns
        before = self.alarm.state
        self._done(self.alarm.expire(_now(self.now)))
        over = before.unshelve_at_ns is not None and before.unshelve_at_ns <= self.now
        assert self.alarm.state.is_shelved == (before.is_shelved and not over)

    @invariant()
    def retained_while_something_is_open(self) -> None:
        state = self.alarm.state
        stage = state.stage
        open_ = stage.active or not stage.acknowledged or not stage.confirmed
        assert state.retain == (state.enabled and open_)

    @invariant()
    def never_shelved_for_ever(self) -> None:
        state = self.alarm.state
        assert (state.unshelve_at_ns is None) == (not state.is_shelved)
        if state.unshelve_at_ns is not None:
            assert state.unshelve_at_ns <= self.now + MAX_SHELVED_NS

    @invariant()
    def times_never_run_backwards(self) -> None:
        assert all(at.monotonic_ns <= self.now for at in self.alarm.times.values())


TestOperating = Operating.TestCase
TestOperating.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
