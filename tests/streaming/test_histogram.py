from __future__ import annotations

import math
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.histogram import RANGE_NS, RELATIVE_ERROR, Histogram

durations = st.lists(st.integers(0, RANGE_NS), min_size=1, max_size=200)


def filled(values: list[int]) -> Histogram:
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    return histogram


def nearest_rank(values: list[int], fraction: float) -> int:
    return sorted(values)[max(0, math.ceil(fraction * len(values)) - 1)]


@given(values=durations, fraction=st.floats(0, 1))
def test_percentiles_keep_the_published_error(values: list[int], fraction: float) -> None:
    true = nearest_rank(values, fraction)
    assert abs(filled(values).percentile(fraction) - true) <= RELATIVE_ERROR * true


@given(values=durations)
def test_extremes_and_count_are_exact(values: list[int]) -> None:
    histogram = filled(values)
    assert (histogram.minimum, histogram.maximum, histogram.count) == (min(values), max(values), len(values))
    assert histogram.percentile(0) == min(values)
    assert histogram.percentile(1) == max(values)


@given(left=durations, right=durations, fraction=st.floats(0, 1))
def test_merge_equals_adding_everything_to_one(left: list[int], right: list[int], fraction: float) -> None:
    merged = filled(left)
    merged.merge(filled(right))
    together = filled(left + right)
    assert merged.percentile(fraction) == together.percentile(fraction)
    assert (merged.minimum, merged.maximum, merged.count) == (together.minimum, together.maximum, together.count)


def test_merge_with_empty_ones() -> None:
    histogram = filled([5, 9])
    histogram.merge(Histogram())
    assert (histogram.minimum, histogram.count) == (5, 2)
    empty = Histogram()
    empty.merge(histogram)
    assert (empty.minimum, empty.maximum, empty.count) == (5, 9, 2)


def test_small_values_are_exact() -> None:
    for value in range(128):
        assert filled([0, value, value, 127]).percentile(0.5) == value


def test_beyond_the_range_only_the_maximum_tells() -> None:
    histogram = filled([RANGE_NS + 1, 10 * RANGE_NS, 1])
    assert histogram.maximum == 10 * RANGE_NS
    assert histogram.count == 3
    assert histogram.percentile(0.5) >= RANGE_NS * (1 - RELATIVE_ERROR)


def test_row_6_memory_is_fixed() -> None:
    histogram = Histogram()

    def size() -> int:
        return sum(sys.getsizeof(getattr(histogram, slot)) for slot in Histogram.__slots__)

    before = size()
    for value in range(0, 10**9, 10**4):
        histogram.add(value)
    assert size() <= before + 64
    assert before < 25_000


def test_an_empty_histogram_reads_zero() -> None:
    assert Histogram().percentile(0.5) == Histogram().maximum == Histogram().minimum == 0


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        Histogram().add(-1)
    for fraction in (-0.1, 1.1, math.nan):
        with pytest.raises(ValueError, match="fraction"):
            Histogram().percentile(fraction)
