"""The fake boards that nidaqlib and dtollib ship, plugged in for as long as a file exists. Runs under Python 3.13."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np


def ni_board(*, plugged_in: str) -> Any:
    """A board with two channels: a ramp by sample number, and 7 V."""
    from nidaqlib import NIDaqConnectionError
    from nidaqlib.testing import FakeDaqBackend

    class Board(FakeDaqBackend):
        def read_block(self, task: Any, samples_per_channel: int, timeout: float) -> np.ndarray:  # noqa: ARG002
            time.sleep(samples_per_channel / task.timing.rate_hz)  # the fake has no clock of its own
            if not Path(plugged_in).exists():
                raise NIDaqConnectionError("the board does not answer any more")
            ramp = np.arange(samples_per_channel, dtype=float)
            return np.vstack([ramp, np.full_like(ramp, 7.0)])

    return Board()


def dt_board(*, plugged_in: str) -> Any:
    """A DT9805 with 2.207 V on channel 0, and 0 V on channel 1."""
    from dtollib import DtolConnectionError
    from dtollib.testing import make_fake_backend

    board = make_fake_backend(include_dt9805=True)
    read = board.get_single_value

    def get_single_value(subsystem: int, channel: int, gain: float) -> int:
        if not Path(plugged_in).exists():
            raise DtolConnectionError("the board does not answer any more")
        board.scalar_values[subsystem, channel] = (40000, 32768)[channel]
        return read(subsystem, channel, gain)

    board.get_single_value = get_single_value
    return board
