"""Limits with hysteresis and delay, against an oracle that looks at the whole history at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.limit_alarms import LimitWatch, exceeded
from gateway.model.points import AlarmLimits
from gateway.model.quality import State

SECOND = 1_000_000_000
LIMITS = AlarmLimits(low_low=10, low=20, high=80, high_high=90)
WORST_FIRST = (State.HIGH_HIGH, State.LOW_LOW, State.HIGH, State.LOW)
MIRROR = {State.HIGH: State.LOW, State.HIGH_HIGH: State.LOW_LOW, State.LOW: State.HIGH, State.LOW_LOW: State.HIGH_HIGH}

History = list[tuple[int, float]]

values = st.one_of(st.integers(0, 100).map(float), st.floats(0, 100), st.sampled_from([10.0, 20.0, 78.0, 80.0, 90.0]))
histories = st.lists(st.tuples(st.integers(0, 5), values), min_size=1, max_size=25).map(
    lambda steps: [(sum(step for step, _ in steps[: end + 1]), value) for end, (_, value) in enumerate(steps)]
)
hystereses = st.one_of(st.just(0.0), st.floats(0.5, 15))
delays = st.one_of(st.just(0.0), st.integers(1, 12).map(float))


def watched(limits: AlarmLimits, history: History) -> list[State | None]:
    watch = LimitWatch(limits)
    return [watch.judge(value, moment * SECOND) for moment, value in history]


def in_alarm(limit: float, sign: int, limits: AlarmLimits, history: History) -> bool:
    """Whether one limit is in alarm at the end: it went up at some time, and the value never came back since."""

    def past(value: float) -> float:
        return (value - limit) * sign

    for went_up in range(len(history)):
        if any(past(value) < -limits.hysteresis for _, value in history[went_up:]):
            continue
        first = went_up
        while first > 0 and past(history[first - 1][1]) >= 0:
            first -= 1
        if past(history[went_up][1]) >= 0 and history[went_up][0] - history[first][0] >= limits.delay_s:
            return True
    return False


def oracle(limits: AlarmLimits, history: History) -> State | None:
    each = {
        State.HIGH_HIGH: (limits.high_high, 1),
        State.LOW_LOW: (limits.low_low, -1),
        State.HIGH: (limits.high, 1),
        State.LOW: (limits.low, -1),
    }
    for state in WORST_FIRST:
        limit, sign = each[state]
        if limit is not None and in_alarm(limit, sign, limits, history):
            return state
    return None


@given(histories, hystereses, delays)
def test_every_step_is_what_the_whole_history_says(history: History, hysteresis: float, delay_s: float) -> None:
    limits = replace(LIMITS, hysteresis=hysteresis, delay_s=delay_s)
    expected = [oracle(limits, history[: end + 1]) for end in range(len(history))]
    assert watched(limits, history) == expected


@given(histories)
def test_without_hysteresis_and_delay_there_is_no_memory(history: History) -> None:
    assert watched(LIMITS, history) == [exceeded(LIMITS, value) for _, value in history]


@given(histories, hystereses, delays)
def test_upper_and_lower_limits_are_mirror_images(history: History, hysteresis: float, delay_s: float) -> None:
    limits = AlarmLimits(high=80, high_high=90, hysteresis=hysteresis, delay_s=delay_s)
    mirrored = AlarmLimits(low_low=-90, low=-80, hysteresis=hysteresis, delay_s=delay_s)
    image = watched(mirrored, [(moment, -value) for moment, value in history])
    assert [None if state is None else MIRROR[state] for state in image] == watched(limits, history)


@given(st.lists(st.floats(-0.4, 0.4), min_size=2, max_size=60), delays)
def test_noise_smaller_than_the_hysteresis_makes_one_alarm_at_most(noise: list[float], delay_s: float) -> None:
    limits = AlarmLimits(high=80, hysteresis=1, delay_s=delay_s)
    states = watched(limits, [(moment, 80 + one) for moment, one in enumerate(noise)])
    changes = sum(before is not after for before, after in zip([None, *states], states, strict=False))
    assert changes <= 1


@given(histories, delays)
def test_a_delay_only_ever_makes_an_alarm_later(history: History, delay_s: float) -> None:
    at_once = watched(replace(LIMITS, hysteresis=2), history)
    late = watched(replace(LIMITS, hysteresis=2, delay_s=delay_s), history)
    worse = [None, State.LOW, State.HIGH, State.LOW_LOW, State.HIGH_HIGH]
    assert all(worse.index(after) <= worse.index(before) for before, after in zip(at_once, late, strict=True))


@pytest.mark.parametrize(
    ("limits", "course", "expected"),
    [
        (AlarmLimits(high=20, hysteresis=0.5), [19.9, 20, 19.6, 19.5, 19.4], "-HHH-"),
        (AlarmLimits(low=5, hysteresis=0.5), [5.1, 5, 5.5, 5.6], "-LL-"),
        (AlarmLimits(high=20, delay_s=3), [21, 21, 21, 21, 21, 19], "---HH-"),
        (AlarmLimits(high=20, delay_s=3), [21, 21, 19, 21, 21, 21, 21], "------H"),
        (AlarmLimits(high=20, hysteresis=1, delay_s=2), [21, 19.5, 21, 21, 21, 19.5, 18.9], "----HH-"),
        (AlarmLimits(high=20, high_high=30, hysteresis=2), [31, 28, 27, 18, 17], "XXHH-"),
        (AlarmLimits(high=20, high_high=30, delay_s=2), [25, 31, 31, 31], "--HX"),
    ],
)
def test_courses(limits: AlarmLimits, course: Sequence[float], expected: str) -> None:
    """One value per second: - nothing, L low, H high, X high-high."""
    letters = {None: "-", State.LOW: "L", State.HIGH: "H", State.HIGH_HIGH: "X"}
    assert "".join(letters[state] for state in watched(limits, list(enumerate(course)))) == expected
