"""Percentiles of durations in fixed memory, readable at any time."""

from __future__ import annotations

import math
from array import array

_PRECISION_BITS = 7
_HALF = _PRECISION_BITS - 1
_LARGEST = (1 << 45) - 1

RELATIVE_ERROR = 2.0**-_PRECISION_BITS
"""A percentile differs from the true sample of that rank by at most this part of it (1/128, about 0.8 %)."""

RANGE_NS = _LARGEST
"""Values above this (about 9.8 hours in ns) share the last bucket: counted, but told apart only by `maximum`."""


def _bucket(value: int) -> int:
    shift = max(0, value.bit_length() - _PRECISION_BITS)
    return (shift << _HALF) + (value >> shift)


def _middle(bucket: int) -> int:
    shift = max(0, (bucket >> _HALF) - 1)
    lowest = (bucket - (shift << _HALF)) << shift
    return lowest + ((1 << shift) >> 1)


_BUCKETS = _bucket(_LARGEST) + 1
_BLOCKS = (_BUCKETS >> _HALF) + 1


class Histogram:
    """Log-bucket histogram of non-negative integers: 64 buckets per power of two, about 20 kB whatever is added.

    Values below 128 are kept exactly; above, a percentile carries at most `RELATIVE_ERROR` up to `RANGE_NS`. Smallest
    value, largest value and count are exact.

    Attributes:
        count: Number of values added.
    """

    __slots__ = ("_blocks", "_counts", "_maximum", "_minimum", "count")

    def __init__(self) -> None:
        self.count = 0
        self._minimum = 0
        self._maximum = 0
        self._counts = array("Q", bytes(8 * _BUCKETS))
        self._blocks = array("Q", bytes(8 * _BLOCKS))  # sums of 64 buckets each, so that reading is cheap

    @property
    def minimum(self) -> int:
        """Smallest value added, 0 when empty."""
        return self._minimum

    @property
    def maximum(self) -> int:
        """Largest value added, 0 when empty."""
        return self._maximum

    def add(self, value: int) -> None:
        """Count one value.

        Raises:
            ValueError: The value is negative.
        """
        if value < 0:
            raise ValueError(f"a histogram of durations takes no negative value, got {value!r}")
        shift = value.bit_length() - _PRECISION_BITS
        if shift <= 0:
            bucket = value
        elif value <= _LARGEST:
            bucket = (shift << _HALF) + (value >> shift)
        else:
            bucket = _BUCKETS - 1
        self._counts[bucket] += 1
        self._blocks[bucket >> _HALF] += 1
        if value > self._maximum:
            self._maximum = value
        if value < self._minimum or self.count == 0:
            self._minimum = value
        self.count += 1

    def percentile(self, fraction: float) -> int:
        """Value of nearest rank: the smallest that at least `fraction` of all values do not exceed; 0 when empty.

        Args:
            fraction: 0 to 1; 0.5 is the median, 0 the smallest value, 1 the largest.

        Raises:
            ValueError: `fraction` is outside 0 to 1.
        """
        if not 0 <= fraction <= 1:
            raise ValueError(f"fraction must be within 0 and 1, got {fraction!r}")
        if self.count == 0 or fraction == 0:
            return self._minimum
        rank = max(1, math.ceil(fraction * self.count))
        if rank == self.count:
            return self._maximum
        block = seen = 0
        while seen + self._blocks[block] < rank:
            seen += self._blocks[block]
            block += 1
        bucket = block << _HALF
        while (seen := seen + self._counts[bucket]) < rank:
            bucket += 1
        return min(max(_middle(bucket), self._minimum), self._maximum)

    def merge(self, other: Histogram) -> None:
        """Add everything that `other` has counted."""
        if other.count == 0:
            return
        self._minimum = min(self._minimum, other.minimum) if self.count else other.minimum
        self._maximum = max(self._maximum, other.maximum)
        self.count += other.count
        for bucket, count in enumerate(other._counts):
            if count:
                self._counts[bucket] += count
                self._blocks[bucket >> _HALF] += count
