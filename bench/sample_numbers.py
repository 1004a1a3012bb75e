"""Waveforms whose every sample says its number, so that each lost or repeated one is seen."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

MODULUS = 1 << 20
"""Numbers that single precision holds exactly as `number / MODULUS`, with four bits to spare."""


def numbered(count: int = MODULUS) -> NDArray[np.float64]:
    """The first samples, from number 1 on; after `MODULUS` of them they begin again."""
    return (np.arange(1, count + 1) % MODULUS) / MODULUS


@dataclass
class SampleNumbers:
    """Looks at one channel, array after array.

    Attributes:
        arrays: Arrays seen, those of silence included.
        samples: Samples seen since the first one that was not silence.
        jumps: Places at which a sample's number does not follow that of the one before.
        odd: Samples that are no number at all.
    """

    arrays: int = 0
    samples: int = 0
    jumps: int = 0
    odd: int = 0
    _last: int | None = None

    def take(self, array: NDArray[np.float64]) -> None:
        """The next array of the channel."""
        self.arrays += 1
        if self._last is None:
            sounding = np.flatnonzero(array)
            if not sounding.size:
                return
            array = array[sounding[0] :]
        scaled = array * MODULUS
        numbers = np.rint(scaled).astype(np.int64)
        self.odd += int(np.count_nonzero(numbers != scaled))
        if self._last is not None:
            numbers = np.concatenate(([self._last], numbers))
        self.jumps += int(np.count_nonzero(np.diff(numbers) % MODULUS != 1))
        self.samples += array.size
        self._last = int(numbers[-1])

    def counts(self) -> dict[str, Any]:
        """What has been counted, for JSON."""
        return {name: value for name, value in asdict(self).items() if not name.startswith("_")}
