from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.simulator.signals import Constant, Ramp, RandomWalk, Sine, Square

TIMES = st.floats(0, 1e8)
WALK = RandomWalk(start=50, step=1, low=0, high=100, interval_s=2, seed=7)


@pytest.mark.parametrize(
    ("signal", "expected"),
    [
        (Constant(3.5), [3.5, 3.5, 3.5, 3.5, 3.5]),
        (Sine(10, 2, 8), [10, 12, 10, 8, 10]),
        (Ramp(4, 20, 8), [4, 8, 12, 16, 4]),
        (Square(-1, 1, 8), [-1, -1, 1, 1, -1]),
    ],
)
def test_shape(signal: Constant | Sine | Ramp | Square, expected: list[float]) -> None:
    assert [signal.at(time) for time in (0, 2, 4, 6, 8)] == pytest.approx(expected)


@given(TIMES)
def test_random_walk_stays_between_its_walls(time: float) -> None:
    assert 0 <= RandomWalk(50, 20, 0, 100).at(time) <= 100


@given(TIMES)
def test_random_walk_is_a_function_of_time(time: float) -> None:
    assert WALK.at(time) == RandomWalk(50, 1, 0, 100, 2, 7).at(time)


def test_random_walk_begins_at_its_start_and_holds_between_steps() -> None:
    assert WALK.at(0) == pytest.approx(50)
    assert WALK.at(0) == WALK.at(1.9)
    assert WALK.at(2) != WALK.at(1.9)


def test_random_walk_steps_have_the_asked_size() -> None:
    walk = RandomWalk(0, 3, -1e6, 1e6, seed=11)
    steps = [walk.at(second + 1) - walk.at(second) for second in range(4000)]
    assert statistics.pstdev(steps) == pytest.approx(3, rel=0.1)
    assert abs(statistics.fmean(steps)) < 0.3
    assert abs(statistics.correlation(steps[:-1], steps[1:])) < 0.1


def test_seeds_give_different_walks() -> None:
    other = RandomWalk(50, 1, 0, 100, 2, 8)
    assert [WALK.at(time) for time in range(10, 60)] != [other.at(time) for time in range(10, 60)]
