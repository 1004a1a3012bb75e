"""Analog outputs of a National Instruments device."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.daq.back_end import Capabilities, Commitment
from gateway.daq.back_ends.nidaqmx.ni_errors import message_kind, nidaqmx_package, translated
from gateway.daq.back_ends.vendor_back_end import VendorBackEnd
from gateway.daq.buffer import Buffer
from gateway.daq.messages import Message, MessageKind
from gateway.daq.task import TaskSpec


class NiOutput(VendorBackEnd):
    """Back end of the outputs; a `BackEnd`. `TaskSpec.board` is the device, `Dev1`; a terminal is `ao0` or 0.

    Samples are written into the driver's buffer a block ahead, and never generated twice. The driver generates whole
    blocks, so a last block that is shorter is filled up with its last value.
    """

    capabilities = Capabilities(continuous_output=True, single_value_output=True)

    def __init__(self) -> None:
        super().__init__()
        self._spec: TaskSpec | None = None
        self._task: Any = None
        self._writer: Any = None
        self._written: deque[Buffer] = deque()
        self._ended = False

    def commit(self, task: TaskSpec) -> Commitment:
        """See `BackEnd.commit`."""
        package = nidaqmx_package()
        self.close()
        self._spec = task
        if task.timing is None or task.buffers is None:
            return Commitment()
        constants = import_module("nidaqmx.constants")
        writers = import_module("nidaqmx.stream_writers")
        try:
            self._task = _output_task(package, task)
            mode, size = constants.AcquisitionType.CONTINUOUS, task.buffers.samples_per_buffer
            self._task.timing.cfg_samp_clk_timing(
                task.timing.rate_hz, sample_mode=mode, samps_per_chan=size * task.buffers.buffers
            )
            self._task.out_stream.regen_mode = constants.RegenerationMode.DONT_ALLOW_REGENERATION
            self._task.out_stream.output_buf_size = size * task.buffers.buffers
            self._writer = writers.AnalogMultiChannelWriter(self._task.out_stream, auto_start=False)
            return Commitment(float(self._task.timing.samp_clk_rate))
        except package.errors.Error as error:
            self.close()
            raise translated(error, task.board or "") from error

    def arm(self) -> None:
        """See `BackEnd.arm`."""
        if self._spec is None or self._spec.buffers is None:
            return
        self._ended = False
        size = self._spec.buffers.samples_per_buffer
        self._task.register_every_n_samples_transferred_from_buffer_event(size, self._on_block)
        self._task.register_done_event(self._on_done)

    def start(self) -> None:
        """See `BackEnd.start`."""
        try:
            with self._turn:
                self._write_queued()
            self._task.start()
        except nidaqmx_package().errors.Error as error:
            raise translated(error, self._where) from error

    def stop(self) -> None:
        """See `BackEnd.stop`."""
        if self._task is not None:
            try:
                self._task.stop()
            except nidaqmx_package().errors.Error as error:
                raise translated(error, self._where) from error

    def flush(self) -> Sequence[Buffer]:
        """See `BackEnd.flush`."""
        with self._turn:
            held = [*self._written, *self._queue]
            self._written.clear()
            self._queue.clear()
        return held

    def write_values(self, values: NDArray[Any]) -> None:
        """See `BackEnd.write_values`. The clocked task lets go of the outputs first: a device serves one at a time."""
        package = nidaqmx_package()
        assert self._spec is not None  # noqa: S101  the order of calls
        try:
            if self._task is not None:
                self._task.control(import_module("nidaqmx.constants").TaskMode.TASK_UNRESERVE)
            with _output_task(package, self._spec) as task:
                task.write([float(value) for value in values], auto_start=True)
        except package.errors.Error as error:
            raise translated(error, self._where) from error

    def close(self) -> None:
        """See `BackEnd.close`."""
        if self._task is not None:
            task, self._task = self._task, None
            task.close()

    @property
    def _where(self) -> str:
        return "" if self._spec is None else self._spec.board or ""

    def _write_queued(self) -> None:
        while self._queue:
            buffer = self._queue.popleft()
            samples = np.array(buffer.samples.T, np.float64)
            samples[:, buffer.valid :] = samples[:, buffer.valid - 1 : buffer.valid]
            self._writer.write_many_sample(np.ascontiguousarray(samples), timeout=0)
            self._written.append(buffer)

    def _on_block(self, _task: object, _event: object, _samples: int, _data: object) -> int:
        """Called by the driver's thread when it has taken a block to the device."""
        with self._turn:
            if self._post is None or self._ended or not self._written:
                return 0
            buffer = self._written.popleft()
            last = buffer.last  # once posted, the buffer is filled anew
            self._post(Message(MessageKind.BUFFER_DONE, time.monotonic_ns(), buffer))
            if last:
                self._ended = True
                self._tell(MessageKind.QUEUE_DONE)
                return 0
            try:
                self._write_queued()
            except nidaqmx_package().errors.Error as error:
                self._tell(message_kind(getattr(error, "error_code", 0)), detail=str(error).partition("\n")[0])
        return 0

    def _on_done(self, _task: object, status: int, _data: object) -> int:
        """Called by the driver's thread when the task has ended by itself; after the last block it is meant to."""
        with self._turn:
            if not self._ended:
                self._ended = True
                if status < 0:
                    self._tell(message_kind(status), detail=f"the task has ended with status {status}")
                self._tell(MessageKind.QUEUE_STOPPED)
        return 0


def _output_task(package: Any, spec: TaskSpec) -> Any:  # noqa: ANN401
    task = package.Task()
    try:
        for channel in spec.outputs:
            terminal = f"ao{channel.terminal}" if isinstance(channel.terminal, int) else channel.terminal
            task.ao_channels.add_ao_voltage_chan(
                f"{spec.board}/{terminal}",
                name_to_assign_to_channel=channel.name,
                min_val=channel.min_val / channel.gain,
                max_val=channel.max_val / channel.gain,
            )
    except BaseException:
        task.close()
        raise
    return task
