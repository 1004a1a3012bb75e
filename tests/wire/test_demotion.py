"""The table of the demotion state machine, and the time that troubled addresses may take."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.bus_health import AddressState
from gateway.wire.address import Address
from gateway.wire.demotion import TRANSITIONS, AddressEvent
from gateway.wire.excess_time import ExcessTime

SECOND = 1_000_000_000


def test_the_table_covers_every_state_and_leads_only_to_states() -> None:
    assert TRANSITIONS.keys() == set(AddressState)
    for row in TRANSITIONS.values():
        assert set(row) <= set(AddressEvent)
        assert set(row.values()) <= set(AddressState)


@given(st.lists(st.sampled_from(AddressEvent), max_size=40))
def test_whatever_happened_one_question_and_one_answer_bring_an_address_back(events: list[AddressEvent]) -> None:
    address = Address(30)
    demotions = 0
    for event in events:
        before = address.health.state
        address.happened(event)
        demotions += address.health.state is AddressState.DEMOTED and before in (AddressState.UP, AddressState.DEGRADED)
    assert address.health.demotions == demotions
    address.happened(AddressEvent.ASKED)
    address.happened(AddressEvent.ANSWERED)
    assert address.health.state is AddressState.UP


def test_a_return_is_told_once_and_so_is_a_demotion() -> None:
    address = Address(30)
    told = [
        address.happened(event)
        for event in (
            AddressEvent.FAILED,
            AddressEvent.EXHAUSTED,
            AddressEvent.ASKED,
            AddressEvent.FAILED,
            AddressEvent.ASKED,
            AddressEvent.ANSWERED,
            AddressEvent.ANSWERED,
        )
    ]
    assert told == [False, True, False, False, False, True, False]


def test_the_echoes_of_an_address_carry_fresh_numbers() -> None:
    address = Address(30)
    assert len({address.next_echo() for _ in range(250)}) == 250


def test_lost_answers_now_and_then_cost_no_rest() -> None:
    excess = ExcessTime(3 * SECOND, 0)
    for hour_s in range(0, 3600, 60):
        now = hour_s * SECOND
        excess.charge(30, SECOND, now, 0.04)
        assert excess.rest_ns(30, now, 0.04) == 0


def test_who_has_spent_his_time_rests_until_half_of_it_is_earned() -> None:
    excess = ExcessTime(2 * SECOND, 0)
    excess.charge(30, 2 * SECOND, 0, 0.1)
    assert excess.rest_ns(30, 0, 0.1) == pytest.approx(10 * SECOND, rel=1e-6)
    assert excess.rest_ns(30, 9 * SECOND, 0.1) > 0
    assert excess.rest_ns(30, 10 * SECOND + 2, 0.1) == 0
    assert excess.rest_ns(31, 0, 0.1) == 0


@given(
    share=st.floats(0.04, 0.25),
    troubled=st.integers(1, 5),
    each_s=st.floats(0.01, 2),
    period_s=st.floats(0.05, 5),
)
def test_all_troubled_addresses_together_take_no_more_than_what_is_lent_to_them(
    share: float, troubled: int, each_s: float, period_s: float
) -> None:
    most = 3 * SECOND
    excess = ExcessTime(most, 0)
    lost = now = 0
    for _ in range(1500):
        for unit in range(troubled):
            if excess.rest_ns(unit, now, share) == 0:
                spent = round(each_s * SECOND)
                now += spent
                lost += spent
                excess.charge(unit, spent, now, share)
        now += round(period_s * SECOND)
    at_once = troubled * (most + each_s * SECOND)
    assert lost <= share * now + at_once
