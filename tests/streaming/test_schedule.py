from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.schedule import NS_PER_S, Schedule, total_slots

rates = st.floats(min_value=1e-4, max_value=1e4)


@pytest.mark.parametrize(
    ("duration", "rate", "slots"),
    [(0.25, 10, 3), (0.26, 10, 3), (0.35, 10, 4), (0.01, 10, 1), (0.3, 10, 3), (10, 2, 20), (86_400, 10, 864_000)],
)
def test_row_4_no_bankers_rounding(duration: float, rate: float, slots: int) -> None:
    assert total_slots(duration, rate) == slots


def test_uncountable_duration_is_refused() -> None:
    with pytest.raises(ValueError, match="duration"):
        total_slots(1e308, 1e3)


def test_decimal_rates_have_exact_periods() -> None:
    assert Schedule.at_rate(0, 0.1).period_ns == 10 * NS_PER_S
    assert Schedule.at_rate(0, 3).due(3 * 10**9) == 10**9 * NS_PER_S


@given(rate=rates, slot=st.integers(0, 10**9), start=st.integers(0, 10**15))
def test_due_times_never_drift(rate: float, slot: int, start: int) -> None:
    exact = start + Fraction(slot) * NS_PER_S / Fraction(repr(rate))
    assert 0 <= exact - Schedule.at_rate(start, rate).due(slot) < 1


@given(rate=rates, slot=st.integers(0, 10**7), early=st.integers(0, 10**9))
def test_slot_at_is_the_latest_slot_due(rate: float, slot: int, early: int) -> None:
    schedule = Schedule.at_rate(1_000, rate)
    now = schedule.due(slot) + early
    latest = schedule.slot_at(now)
    assert schedule.due(latest) <= now < schedule.due(latest + 1)


@given(rate=st.floats(0.01, 1000), total=st.integers(1, 50), data=st.data())
def test_row_3_missed_is_clipped_to_what_remains(rate: float, total: int, data: st.DataObject) -> None:
    schedule = Schedule(0, Schedule.at_rate(0, rate).period_ns, total)
    slot = data.draw(st.integers(0, total - 1))
    now = data.draw(st.integers(schedule.due(slot), schedule.due(total + 5)))
    missed = schedule.missed(slot, now)
    assert 0 <= missed <= total - slot
    assert (missed == total - slot) == (now >= schedule.due(total))
    if missed < total - slot:
        assert schedule.due(slot + missed) <= now <= schedule.due(slot + missed + 1)


def test_a_lag_of_one_whole_period_misses_nothing() -> None:
    schedule = Schedule.at_rate(0, 10)
    assert schedule.missed(1, schedule.due(2)) == 0
    assert schedule.missed(1, schedule.due(2) + 1) == 1
    assert schedule.missed(1, schedule.due(1) - 1) == 0


def test_end() -> None:
    assert Schedule.at_rate(5, 10, 0.35).end_ns == 5 + 4 * NS_PER_S // 10
    assert Schedule.at_rate(5, 10).end_ns is None
    assert math.isclose(Schedule.at_rate(0, 1e-6).due(1), 1e15)
