"""A simulated output that notes every number it is given, as it is given."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.daq.back_end import Commitment
from gateway.daq.back_ends.simulated import SimulatedDevice
from gateway.daq.buffer import Buffer
from gateway.daq.encoding import Encoding
from gateway.daq.task import TaskSpec


class NotingDevice(SimulatedDevice):
    """Takes double precision, so that NaN and infinity would arrive as what they are.

    Attributes:
        given: Every number, in the order in which they came.
    """

    def __init__(self) -> None:
        super().__init__()
        self.given: list[float] = []

    def commit(self, task: TaskSpec) -> Commitment:
        return Commitment(super().commit(task).rate_hz, Encoding())

    def queue(self, buffer: Buffer) -> None:
        self.given += buffer.samples[: buffer.valid].ravel().tolist()
        super().queue(buffer)

    def write_values(self, values: NDArray[Any]) -> None:
        self.given += values.tolist()
        super().write_values(values)

    def mute(self) -> None:
        self.terminals = np.zeros(len(self.terminals))
