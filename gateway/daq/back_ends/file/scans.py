"""Blocks of a file cut to the buffers of a task."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gateway.daq.block_file import RecordedBlock


@dataclass(frozen=True, slots=True)
class Scans:
    """Samples without a gap in them.

    Attributes:
        lost: Samples per channel that are missing before the first one.
        data: Shape (samples, channels).
    """

    lost: int
    data: NDArray[np.float64]


def cut(blocks: Iterator[RecordedBlock], rows: list[int], length: int) -> Iterator[Scans]:
    """Pieces of at most `length` samples; a piece is shorter where a gap or the end follows.

    Args:
        blocks: Of the file, in order.
        rows: Which rows of the blocks, in the task's order.
        length: Samples per channel of a buffer.
    """
    waiting: list[NDArray[np.float64]] = []
    held, lost, expected = 0, 0, None
    for block in blocks:
        gap = 0 if expected is None else max(0, block.first_sample_index - expected)
        expected = block.first_sample_index + block.data.shape[1]
        if gap:
            if held:
                yield Scans(lost, np.concatenate(waiting))
                waiting, held, lost = [], 0, 0
            lost += gap
        rest = block.data[rows].T
        while held + len(rest) >= length:
            taken, rest = rest[: length - held], rest[length - held :]
            yield Scans(lost, np.concatenate([*waiting, taken]))
            waiting, held, lost = [], 0, 0
        if len(rest):
            waiting.append(rest)
            held += len(rest)
    if held:
        yield Scans(lost, np.concatenate(waiting))
