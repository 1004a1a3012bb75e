"""One buffer that travels between the program and the device."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray


class BufferState(StrEnum):
    """Where a buffer is."""

    IDLE = "idle"
    FILLED = "filled"
    QUEUED = "queued"
    """The device has it, in its queue or under way; nobody else may touch or free it."""

    COMPLETED = "completed"
    RELEASED = "released"


class Buffer:
    """Memory for one block, in the layout in which converters deliver: one scan after the other.

    Attributes:
        number: Position in the pool, from 0.
        samples: Shape (samples per buffer, channels), C order, in the type of `Commitment.encoding`.
        valid: Samples per channel that count: how many the device has written, or how many it shall put out.
        last: Output: nothing will follow. The device then posts QUEUE_DONE instead of UNDERRUN, and holds the last
            value until it is stopped.
        state: Kept by the pool.
    """

    __slots__ = ("last", "number", "samples", "state", "valid")

    def __init__(self, number: int, samples: NDArray[Any]) -> None:
        self.number = number
        self.samples = samples
        self.valid = 0
        self.last = False
        self.state = BufferState.IDLE

    @classmethod
    def empty(cls, number: int, length: int, channels: int, dtype: np.dtype[Any]) -> Buffer:
        """A buffer of zeros."""
        return cls(number, np.zeros((length, channels), dtype))
