"""Analog inputs of a National Instruments device."""

from __future__ import annotations

import time
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.daq.back_end import Capabilities, Commitment
from gateway.daq.back_ends.nidaqmx.ni_errors import message_kind, nidaqmx_package, translated
from gateway.daq.back_ends.vendor_back_end import VendorBackEnd
from gateway.daq.messages import Message, MessageKind
from gateway.daq.task import DataFlow, TaskSpec

TERMINALS = {"default": "DEFAULT", "single_ended": "RSE", "differential": "DIFF"}


class NiInput(VendorBackEnd):
    """Back end of the inputs; a `BackEnd`. `TaskSpec.board` is the device, `Dev1`; a terminal is `ai0` or 0.

    Args:
        terminal: How the inputs are wired: `default`, `single_ended` or `differential`.
    """

    capabilities = Capabilities(continuous_input=True, single_value_input=True)

    def __init__(self, terminal: str = "default") -> None:
        super().__init__()
        self._wiring = TERMINALS[terminal]
        self._task: Any = None
        self._reader: Any = None
        self._block: NDArray[np.float64] = np.empty((0, 0))
        self._rate_hz = 0.0
        self._board = ""
        self._ended = False

    def commit(self, task: TaskSpec) -> Commitment:
        """See `BackEnd.commit`."""
        package = nidaqmx_package()
        self.close()
        self._board = task.board or ""
        try:
            return self._commit(package, task)
        except package.errors.Error as error:
            self.close()
            raise translated(error, self._board) from error

    def _commit(self, package: Any, task: TaskSpec) -> Commitment:  # noqa: ANN401
        constants = import_module("nidaqmx.constants")
        readers = import_module("nidaqmx.stream_readers")
        self._task = package.Task()
        for channel in task.inputs:
            terminal = f"ai{channel.terminal}" if isinstance(channel.terminal, int) else channel.terminal
            self._task.ai_channels.add_ai_voltage_chan(
                f"{task.board}/{terminal}",
                name_to_assign_to_channel=channel.name,
                terminal_config=getattr(constants.TerminalConfiguration, self._wiring),
                min_val=channel.min_val,
                max_val=channel.max_val,
            )
        self._reader = readers.AnalogMultiChannelReader(self._task.in_stream)
        self._block = np.empty((len(task.inputs), 1))
        if task.timing is None or task.buffers is None:
            return Commitment()
        size = task.buffers.samples_per_buffer
        finite = task.data_flow is DataFlow.FINITE
        wanted = task.timing.samples_per_channel or 0
        # A finite task is made of whole blocks, because events come for whole blocks alone; the rest is cut off later.
        length = -(-wanted // size) * size if finite else task.buffers.buffers * size
        mode = constants.AcquisitionType.FINITE if finite else constants.AcquisitionType.CONTINUOUS
        self._task.timing.cfg_samp_clk_timing(task.timing.rate_hz, sample_mode=mode, samps_per_chan=length)
        self._block = np.empty((len(task.inputs), size))
        self._rate_hz = float(self._task.timing.samp_clk_rate)
        return Commitment(self._rate_hz)

    def arm(self) -> None:
        """See `BackEnd.arm`. The events have to be registered before the start, and end with the task."""
        self._ended = False
        size = self._block.shape[1]
        self._task.register_every_n_samples_acquired_into_buffer_event(size, self._on_block)
        self._task.register_done_event(self._on_done)

    def start(self) -> None:
        """See `BackEnd.start`."""
        self._call("start")

    def stop(self) -> None:
        """See `BackEnd.stop`."""
        if self._task is not None:
            self._call("stop")

    def read_values(self) -> NDArray[np.float64]:
        """See `BackEnd.read_values`."""
        values = np.empty(self._block.shape[0])
        try:
            self._reader.read_one_sample(values)
        except nidaqmx_package().errors.Error as error:
            raise translated(error, self._board) from error
        return values

    def close(self) -> None:
        """See `BackEnd.close`."""
        if self._task is not None:
            task, self._task = self._task, None
            task.close()

    def _call(self, method: str) -> None:
        try:
            getattr(self._task, method)()
        except nidaqmx_package().errors.Error as error:
            raise translated(error, self._board) from error

    def _on_block(self, _task: object, _event: object, _samples: int, _data: object) -> int:
        """Called by the driver's thread after each block; whole blocks that are left over from before are read too."""
        with self._turn:
            while self._post is not None and self._queue and not self._ended:
                size = self._block.shape[1]
                if self._task.in_stream.avail_samp_per_chan < size:
                    break
                try:
                    self._reader.read_many_sample(self._block, size, timeout=0)
                except nidaqmx_package().errors.Error as error:
                    self._end(getattr(error, "error_code", 0), str(error).partition("\n")[0])
                    break
                now_ns = time.monotonic_ns()
                newer = self._task.in_stream.avail_samp_per_chan
                buffer = self._queue.popleft()
                buffer.samples[:] = self._block.T
                buffer.valid = size
                self._post(Message(MessageKind.BUFFER_DONE, now_ns - round(newer / self._rate_hz * 1e9), buffer))
        return 0

    def _on_done(self, _task: object, status: int, _data: object) -> int:
        """Called by the driver's thread when the task has ended by itself."""
        with self._turn:
            if not self._ended:
                self._end(status, f"the task has ended with status {status}")
        return 0

    def _end(self, status: int, detail: str) -> None:
        """The task runs no longer; it has to be started anew."""
        self._ended = True
        if status < 0:
            self._tell(message_kind(status), detail=detail)
        self._tell(MessageKind.QUEUE_STOPPED)
