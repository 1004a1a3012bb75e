"""Trigger and deadband, without a server."""

from __future__ import annotations

import pytest
from asyncua import ua
from hypothesis import given
from hypothesis import strategies as st

from gateway.adapters.opcua.notifications.encoded_value import EncodedValue
from gateway.adapters.opcua.notifications.report_rule import ReportRule
from tests.adapters.opcua.arrays import array

TRIGGER = ua.DataChangeTrigger


def _value(value: object, code: int = 0, seconds: int = 0) -> EncodedValue:
    return EncodedValue(value, code, seconds * 10_000_000, 0, tuple)


def test_plain_items_report_changes_of_value_and_status() -> None:
    rule = ReportRule()
    assert rule.is_due(_value(1.0), _value(2.0))
    assert rule.is_due(_value(1.0), _value(1.0, ua.StatusCodes.Uncertain))
    assert not rule.is_due(_value(1.0), _value(1.0, seconds=9))


@pytest.mark.parametrize("deadband", [None, 1.0])
def test_value_comes_and_goes(deadband: float | None) -> None:
    rule = ReportRule(TRIGGER.StatusValue, deadband)
    assert rule.is_due(_value(1.0), _value(None))
    assert rule.is_due(_value(None), _value(1.0))
    assert not rule.is_due(_value(None), _value(None))


@pytest.mark.parametrize("deadband", [None, 1.0])
def test_not_a_number_is_reported_once(deadband: float | None) -> None:
    rule = ReportRule(TRIGGER.StatusValue, deadband)
    nan = float("nan")
    assert rule.is_due(_value(1.0), _value(nan))
    assert not rule.is_due(_value(nan), _value(nan))
    assert rule.is_due(_value(nan), _value(1.0))


def test_triggers() -> None:
    assert not ReportRule(TRIGGER.Status).is_due(_value(1.0), _value(2.0))
    assert ReportRule(TRIGGER.StatusValueTimestamp).is_due(_value(1.0), _value(1.0, seconds=1))
    assert not ReportRule(TRIGGER.StatusValueTimestamp, 0.5).is_due(_value(1.0), _value(1.0, seconds=1))


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60), st.floats(0, 1e5))
def test_client_is_never_further_off_than_the_deadband(values: list[float], deadband: float) -> None:
    rule = ReportRule(TRIGGER.StatusValue, deadband)
    reported = _value(values[0])
    for value in values[1:]:
        if rule.is_due(reported, _value(value)):
            assert abs(value - float(reported.value)) > deadband
            reported = _value(value)
        assert abs(value - float(reported.value)) <= deadband


def _array(*numbers: float) -> EncodedValue:
    return _value(array(numbers))


def test_an_array_acquired_anew_is_another_value_whatever_is_in_it() -> None:
    rule, first = ReportRule(), _array(1.0, 2.0)
    again = EncodedValue.of_point(first.value, ua.VariantType.Double, 0, 5, 5)
    assert rule.is_due(first, _array(1.0, 2.0))
    assert not rule.is_due(first, again)
    assert rule.is_due(first, _value(None))
    same, other = (one.part((slice(0, 1),), ua.VariantType.Double) for one in (again, _array(1.0, 9.0)))
    assert not rule.is_due(first.part((slice(0, 1),), ua.VariantType.Double), same)
    assert rule.is_due(same, other)
    assert ReportRule(TRIGGER.StatusValueTimestamp).is_due(first, again)
    assert not ReportRule(TRIGGER.Status).is_due(first, _array(3.0))


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=5), st.lists(st.floats(-2.0, 2.0), min_size=5, max_size=5))
def test_a_deadband_looks_at_every_element_of_an_array(numbers: list[float], steps: list[float]) -> None:
    rule = ReportRule(TRIGGER.StatusValue, 1.0)
    moved = [number + step for number, step in zip(numbers, steps, strict=False)]
    beyond = any(abs(after - before) > 1.0 for before, after in zip(numbers, moved, strict=True))
    assert rule.is_due(_array(*numbers), _array(*moved)) is beyond
    assert rule.is_due(_array(*numbers), _array(*numbers, 0.0))


def test_a_deadband_and_elements_that_are_no_numbers() -> None:
    rule, nan, inf = ReportRule(TRIGGER.StatusValue, 1.0), float("nan"), float("inf")
    assert not rule.is_due(_array(nan, inf), _array(nan, inf))
    assert rule.is_due(_array(nan), _array(1.0))
    assert rule.is_due(_array(inf), _array(-inf))
