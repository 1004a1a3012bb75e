"""Wrong passwords slow down who sends them, and nobody else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.model.access import Place
from gateway.runtime.login_pauses import (
    ATTACKED_AFTER,
    FORGOTTEN_S,
    FREE_AT_A_PLACE,
    FREE_ATTEMPTS,
    KEPT,
    LONGEST_PAUSE_S,
    LoginPauses,
)
from gateway.streaming.clock import SystemClock

DESK, LAB = Place("10.0.0.5", "a1"), Place("10.0.0.6", "b2")


class HandClock(SystemClock):
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self._now_ns = 0

    def monotonic_ns(self) -> int:
        return self._now_ns

    def advance(self, seconds: float) -> None:
        self._now_ns += round(seconds * 1e9)


def pauses() -> tuple[LoginPauses, HandClock]:
    clock = HandClock()
    return LoginPauses(clock), clock


def test_pauses_grow_and_end() -> None:
    office, clock = pauses()
    for _ in range(FREE_ATTEMPTS - 1):
        office.wrong("anna", DESK)
        assert not office.is_deaf("anna", DESK)
    for expected in (1, 2, 4, 8, 16, 30):
        office.wrong("anna", DESK)
        clock.advance(expected - 0.01)
        assert office.is_deaf("anna", DESK)
        clock.advance(0.01)
        assert not office.is_deaf("anna", DESK)
    assert office.right("anna", DESK) == FREE_ATTEMPTS + 5
    office.wrong("anna", DESK)
    assert not office.is_deaf("anna", DESK)


def test_elsewhere_and_from_another_application_the_user_is_heard_at_once() -> None:
    """However long somebody hammers on the name."""
    office, _ = pauses()
    other_application = Place(DESK.host, "c3")
    for _ in range(10 * ATTACKED_AFTER):
        office.wrong("anna", DESK)
    assert office.is_deaf("anna", DESK)
    assert not office.is_deaf("anna", LAB)
    assert not office.is_deaf("anna", other_application)


def test_a_place_that_guesses_many_names_is_deaf_to_all_of_them() -> None:
    office, clock = pauses()
    for number in range(FREE_AT_A_PLACE):
        assert not office.is_deaf(f"user{number}", DESK)
        office.wrong(f"user{number}", DESK)
    assert office.is_deaf("somebody new", DESK)
    assert not office.is_deaf("somebody new", LAB)
    clock.advance(1)
    office.right("mallory", DESK)  # knows one password; that does not end the count
    office.wrong("somebody new", DESK)
    clock.advance(1.5)
    assert office.is_deaf("another", DESK)


def test_a_name_under_attack_from_many_places_gives_each_one_attempt_per_longest_pause() -> None:
    office, clock = pauses()
    places = [Place(f"10.0.1.{number}") for number in range(ATTACKED_AFTER)]
    for place in places:
        office.wrong("anna", place)
        assert not office.is_deaf("anna", place)
    office.wrong("anna", places[0])
    clock.advance(LONGEST_PAUSE_S - 1)
    assert office.is_deaf("anna", places[0])
    assert not office.is_deaf("anna", LAB)
    clock.advance(1)
    assert not office.is_deaf("anna", places[0])


def test_after_a_quiet_time_all_is_forgotten() -> None:
    office, clock = pauses()
    for _ in range(FREE_ATTEMPTS + 3):
        office.wrong("anna", DESK)
    clock.advance(FORGOTTEN_S + 1)
    assert not office.is_deaf("anna", DESK)
    office.wrong("anna", DESK)
    assert not office.is_deaf("anna", DESK)


def test_memory_is_bounded() -> None:
    office, clock = pauses()
    for number in range(3 * KEPT):
        office.wrong(f"user{number}", Place(f"host{number}"))
        clock.advance(0.001)
    assert len(office) <= 3 * KEPT


@given(st.lists(st.tuples(st.sampled_from(["anna", "ben"]), st.sampled_from([DESK, LAB]), st.floats(0, 20))))
def test_nobody_waits_longer_than_the_longest_pause(attempts: list[tuple[str, Place, float]]) -> None:
    office, clock = pauses()
    for name, place, pause_s in attempts:
        office.wrong(name, place)
        clock.advance(pause_s)
    clock.advance(LONGEST_PAUSE_S)
    assert not any(office.is_deaf(name, place) for name in ("anna", "ben") for place in (DESK, LAB))
