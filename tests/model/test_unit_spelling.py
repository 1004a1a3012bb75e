"""Which units are the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.unit_spelling import Spellings, canonical_unit, plain


@pytest.mark.parametrize(
    ("one", "other"),
    [("vpm", "ppm"), ("VPM", "ppmv"), ("%", "Vol%"), ("°C", "C"), ("degC", "C"), ("µg/m³", "ug/m3"), (" % ", "%")],
)
def test_units_of_one_size_compare_equal(one: str, other: str) -> None:
    assert canonical_unit(one) == canonical_unit(other)


@pytest.mark.parametrize(("one", "other"), [("%", "ppm"), ("ppm", "ppb"), ("mg/m3", "mg/Nm3"), ("C", "F"), ("", "%")])
def test_units_of_different_sizes_do_not(one: str, other: str) -> None:
    assert canonical_unit(one) != canonical_unit(other)


@given(st.text(max_size=12))
def test_spelling_is_settled_at_once(unit: str) -> None:
    assert plain(plain(unit)) == plain(unit)
    assert canonical_unit(canonical_unit(unit)) == canonical_unit(unit)


def test_capitals_are_forgiven_only_where_one_unit_is_meant() -> None:
    spellings = Spellings(["mW", "MW", "kPa", "mV", "h"])
    assert [spellings.find(unit) for unit in ("kpa", "KPA", "Mv", "mv", "mw", "H")] == [
        "kPa",
        "kPa",
        "Mv",
        "mV",
        "mw",
        "H",
    ]
