"""Statistics of blocks, and the trend that is made from their means."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def block_statistics(data: Array) -> Array:
    """Statistics of every channel of a block, in the order of `points.STATISTICS`.

    Args:
        data: Samples, shape (channels, samples), at least one sample.

    Returns:
        Shape (channels, statistics); NaN where a channel has a sample that is not finite.
    """
    means = data.mean(axis=1)
    centred = data - means[:, np.newaxis]
    variances = np.einsum("ij,ij->i", centred, centred) / data.shape[1]
    lowest, highest = data.min(axis=1), data.max(axis=1)
    return np.stack(
        (means, np.sqrt(variances + means * means), lowest, highest, highest - lowest, np.sqrt(variances)), axis=1
    )


class Trend:
    """Means over intervals of a fixed number of samples, for each channel; the oldest make room for the newest.

    An interval is never shorter than a block. One in which samples were lost or not finite is the mean of the others,
    NaN where there were none.

    Args:
        channels: Number of channels.
        length: Most elements kept.
        interval: Samples in one element.
    """

    def __init__(self, channels: int, length: int, interval: int) -> None:
        self._kept: Array = np.empty((channels, 0))
        self._length = length
        self._interval = interval
        self._sums: Array = np.zeros(channels)
        self._counts: Array = np.zeros(channels)
        self._taken = 0

    def take(self, means: Array, samples: int) -> bool:
        """Add the means of a block of so many samples; True when that completed an element."""
        usable = np.isfinite(means)
        self._sums += np.where(usable, means, 0.0) * samples
        self._counts += usable * samples
        self._taken += samples
        if self._taken < self._interval:
            return False
        with np.errstate(invalid="ignore"):
            element = (self._sums / self._counts)[:, np.newaxis]
        self._kept = np.concatenate((self._kept, element), axis=1)[:, -self._length :]
        self._sums, self._counts, self._taken = np.zeros_like(self._sums), np.zeros_like(self._counts), 0
        return True

    def of(self, channel: int) -> Array:
        """The elements of one channel, oldest first."""
        elements: Array = self._kept[channel]
        return elements
