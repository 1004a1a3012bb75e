"""What settings may make of the quality table, and what they may not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.quality import QUALITY, AlarmStatus, Severity, State
from gateway.model.quality_overrides import OVERRIDABLE, QualityOverride, best_class, quality_table, refusals
from gateway.model.status_codes import STATUS_CODES, LimitBits, StatusClass, status_class, with_limit

COMMUNICATION = {
    State.STALE,
    State.COMMUNICATION_INTERRUPTED,
    State.COMMUNICATION_LOST,
    State.WAITING,
    State.STOPPED,
}
FAULTS = {State.CHANNEL_FAULT, State.ANALYSER_FAULT, State.INVALID_INPUT, State.NO_VALUE, State.UNIT_MISMATCH}

overrides = st.builds(
    QualityOverride,
    st.one_of(st.none(), st.sampled_from(sorted(STATUS_CODES))),
    st.one_of(st.none(), st.sampled_from(["NO_ALARM", "MINOR", "MAJOR", "INVALID"])),
)


@given(st.dictionaries(st.sampled_from(OVERRIDABLE), overrides), st.booleans())
def test_whatever_is_allowed_stays_honest(wanted: dict[State, QualityOverride], simulated: bool) -> None:
    allowed = {state: override for state, override in wanted.items() if not list(refusals(state, override))}
    table = quality_table(allowed, simulated=simulated)
    assert set(table) == set(State)
    for state, row in table.items():
        grade = status_class(row.status_code)
        assert grade >= best_class(state)
        assert row.keeps_value == (grade is not StatusClass.BAD)
        assert row.limit is QUALITY[state].limit
        if state in COMMUNICATION | FAULTS:
            assert grade is not StatusClass.GOOD
            assert row.severity >= Severity.MINOR
        if grade is not StatusClass.GOOD:
            assert row.severity >= Severity.MINOR
        if simulated:
            assert grade is not StatusClass.GOOD
            assert row.severity is not Severity.NO_ALARM
        assert (row.severity is Severity.NO_ALARM) == (row.status is AlarmStatus.NO_ALARM)
        if state not in allowed and not simulated:
            assert row is QUALITY[state]


@pytest.mark.parametrize("state", sorted(COMMUNICATION | FAULTS))
@pytest.mark.parametrize("name", [name for name, code in STATUS_CODES.items() if status_class(code) == 0])
def test_what_is_old_or_faulty_is_never_good(state: State, name: str) -> None:
    ((key, what, remedy),) = refusals(state, QualityOverride(name))
    assert key == "status"
    assert what.startswith(f"{state} cannot be {name}, because ")
    assert "Bad" in remedy


def test_the_default_table_keeps_its_own_rules() -> None:
    for state in OVERRIDABLE:
        assert list(refusals(state, QualityOverride(QUALITY[state].status_name))) == []
        assert list(refusals(state, QualityOverride(severity=QUALITY[state].severity.name))) == []  # type: ignore[arg-type]


def test_without_wishes_the_table_is_the_default_itself() -> None:
    assert quality_table({}) is QUALITY


def test_an_override_changes_what_it_names_and_nothing_else() -> None:
    table = quality_table(
        {State.CALIBRATING: QualityOverride("Uncertain"), State.LOW: QualityOverride(severity="NO_ALARM")}
    )
    calibrating, low = table[State.CALIBRATING], table[State.LOW]
    assert (calibrating.status_code, calibrating.keeps_value) == (0x4000_0000, True)
    assert (calibrating.status, calibrating.severity) == (AlarmStatus.STATE, Severity.MINOR)
    assert (low.status_code, low.status, low.severity) == (0, AlarmStatus.NO_ALARM, Severity.NO_ALARM)


def test_limit_bits_stay_when_the_code_changes() -> None:
    table = quality_table({State.OUT_OF_RANGE_HIGH: QualityOverride("Good")})
    assert table[State.OUT_OF_RANGE_HIGH].status_code == 0x0000_0600


def test_a_simulated_value_says_so_on_both_protocols() -> None:
    table = quality_table({}, simulated=True)
    good, high, fault = table[State.GOOD], table[State.HIGH_HIGH], table[State.CHANNEL_FAULT]
    assert (good.status_code, good.status, good.severity) == (0x4209_0000, AlarmStatus.SIMM, Severity.MINOR)
    assert (high.status_code, high.status, high.severity) == (0x4209_0000, AlarmStatus.HIHI, Severity.MAJOR)
    assert fault is QUALITY[State.CHANNEL_FAULT]


@pytest.mark.parametrize(
    ("limit", "bits"),
    [(LimitBits.NONE, 0), (LimitBits.LOW, 0x500), (LimitBits.HIGH, 0x600), (LimitBits.CONSTANT, 0x700)],
)
def test_limit_bits_come_with_the_info_type_of_a_value(limit: LimitBits, bits: int) -> None:
    assert with_limit(0x4094_0000, limit) == 0x4094_0000 | bits


def test_only_states_in_which_the_source_is_at_a_limit_have_limit_bits() -> None:
    assert {state: row.limit for state, row in QUALITY.items() if row.limit} == {
        State.OUT_OF_RANGE_LOW: LimitBits.LOW,
        State.OUT_OF_RANGE_HIGH: LimitBits.HIGH,
        State.CLAMPED_LOW: LimitBits.LOW,
        State.CLAMPED_HIGH: LimitBits.HIGH,
    }
