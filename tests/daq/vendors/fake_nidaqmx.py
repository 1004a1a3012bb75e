"""What the back end uses of the package `nidaqmx` 1.7, with a device that gives samples when told.

Names, arguments and order of calls are those of the package's documentation; no part of NI-DAQmx is in it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from enum import Enum
from types import ModuleType, SimpleNamespace
from typing import Any, Self

import numpy as np
import pytest
from numpy.typing import NDArray

TerminalConfiguration = Enum("TerminalConfiguration", ["DEFAULT", "RSE", "DIFF"])
AcquisitionType = Enum("AcquisitionType", ["CONTINUOUS", "FINITE"])
RegenerationMode = Enum("RegenerationMode", ["DONT_ALLOW_REGENERATION"])
TaskMode = Enum("TaskMode", ["TASK_UNRESERVE"])


class Error(Exception):
    pass


class DaqError(Error):
    def __init__(self, message: str, error_code: int) -> None:
        super().__init__(f"{message}\n\nStatus Code: {error_code}")
        self.error_code = error_code


class Board:
    """The only device there is.

    Attributes:
        taken: Samples that the device has and nobody has read, shape (channels, samples).
        written: Samples that were written to be generated, in order.
        single: Values that were put out one at a time.
        fails: Method of a task to the status with which its next call fails.
        tasks: Tasks that are open.
        log: Calls, in order.
    """

    def __init__(self) -> None:
        self.taken: NDArray[np.float64] = np.empty((0, 0))
        self.written: list[NDArray[np.float64]] = []
        self.single: list[list[float]] = []
        self.fails: dict[str, int] = {}
        self.tasks: list[Task] = []
        self.log: list[str] = []

    @property
    def task(self) -> Task:
        return self.tasks[0]

    def call(self, name: str) -> None:
        self.log.append(name)
        if (status := self.fails.pop(name, 0)) < 0:
            raise DaqError(f"{name} failed", status)

    def acquire(self, samples: NDArray[np.float64]) -> None:
        """The device has taken samples: the driver calls back for each whole block, as NI-DAQmx does."""
        self.taken = samples if not self.taken.size else np.concatenate((self.taken, samples), axis=1)
        size, callback = self.task.on_block
        for _ in range(samples.shape[1] // size):
            assert callback(self.task, None, size, None) == 0

    def generated(self) -> None:
        """The device has put a block out."""
        size, callback = self.task.on_block
        assert callback(self.task, None, size, None) == 0

    def end(self, status: int) -> None:
        """The task ends by itself."""
        assert self.task.on_done is not None
        assert self.task.on_done(self.task, status, None) == 0


BOARD = Board()


class Task:
    def __init__(self) -> None:
        BOARD.call("Task")
        BOARD.tasks.append(self)
        self.channels: list[dict[str, Any]] = []
        self.on_block: tuple[int, Callable[..., int]] = (0, lambda *_given: 0)
        self.on_done: Callable[..., int] | None = None
        self.ai_channels = SimpleNamespace(add_ai_voltage_chan=self._add)
        self.ao_channels = SimpleNamespace(add_ao_voltage_chan=self._add)
        self.timing = SimpleNamespace(cfg_samp_clk_timing=self._clock, samp_clk_rate=0.0)
        self.in_stream = InStream()
        self.out_stream = SimpleNamespace(regen_mode=None, output_buf_size=0)
        self.clock: dict[str, Any] = {}

    def _add(self, physical: str, **given: Any) -> None:
        BOARD.call("add")
        self.channels.append({"physical": physical} | given)

    def _clock(self, rate: float, **given: Any) -> None:
        BOARD.call("clock")
        self.clock = given
        self.timing.samp_clk_rate = rate * 1.001  # what the dividers of a board make of it

    def register_every_n_samples_acquired_into_buffer_event(self, size: int, callback: Callable[..., int]) -> None:
        BOARD.call("register")
        self.on_block = (size, callback)

    register_every_n_samples_transferred_from_buffer_event = register_every_n_samples_acquired_into_buffer_event

    def register_done_event(self, callback: Callable[..., int]) -> None:
        self.on_done = callback

    def start(self) -> None:
        BOARD.call("start")

    def stop(self) -> None:
        BOARD.call("stop")

    def control(self, mode: TaskMode) -> None:
        BOARD.call(mode.name)

    def write(self, values: list[float], *, auto_start: bool) -> None:
        assert auto_start
        BOARD.call("write")
        BOARD.single.append(values)

    def close(self) -> None:
        BOARD.log.append("close")
        BOARD.tasks.remove(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class InStream:
    @property
    def avail_samp_per_chan(self) -> int:
        return BOARD.taken.shape[1]


class AnalogMultiChannelReader:
    def __init__(self, stream: InStream) -> None:
        assert isinstance(stream, InStream)

    def read_many_sample(self, data: NDArray[np.float64], count: int, *, timeout: float) -> int:
        assert timeout == 0
        BOARD.call("read")
        data[:] = BOARD.taken[:, :count]
        BOARD.taken = BOARD.taken[:, count:]
        return count

    def read_one_sample(self, data: NDArray[np.float64]) -> None:
        BOARD.call("read one")
        data[:] = BOARD.taken[:, 0]


class AnalogMultiChannelWriter:
    def __init__(self, _stream: object, *, auto_start: bool) -> None:
        assert not auto_start

    def write_many_sample(self, data: NDArray[np.float64], *, timeout: float) -> int:
        assert timeout == 0
        assert data.flags.c_contiguous
        BOARD.call("write many")
        BOARD.written.append(data.copy())
        return data.shape[1]


def install(monkeypatch: pytest.MonkeyPatch) -> Board:
    """Take the package's place; returns its device."""
    BOARD.__init__()  # type: ignore[misc]
    own = sys.modules[__name__]
    package = ModuleType("nidaqmx")
    for name in ("nidaqmx", "nidaqmx.errors", "nidaqmx.constants", "nidaqmx.stream_readers", "nidaqmx.stream_writers"):
        monkeypatch.setitem(sys.modules, name, package if name == "nidaqmx" else own)
    package.Task, package.errors = Task, own  # type: ignore[attr-defined]
    return BOARD
