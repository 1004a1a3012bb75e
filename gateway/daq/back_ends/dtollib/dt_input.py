"""Analog inputs of a Data Translation board."""

from __future__ import annotations

import time
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.daq.back_end import Capabilities, Commitment
from gateway.daq.back_ends.dtollib.board import Board, constants, translated
from gateway.daq.back_ends.vendor_back_end import VendorBackEnd
from gateway.daq.buffer import Buffer
from gateway.daq.encoding import Encoding
from gateway.daq.messages import Message, MessageKind
from gateway.daq.task import DataFlow, TaskSpec
from gateway.daq.timing import WrapMode

MESSAGES = {
    "OLDA_WM_QUEUE_DONE": MessageKind.QUEUE_DONE,
    "OLDA_WM_QUEUE_STOPPED": MessageKind.QUEUE_STOPPED,
    "OLDA_WM_IO_COMPLETE": MessageKind.IO_COMPLETE,
    "OLDA_WM_OVERRUN_ERROR": MessageKind.OVERRUN,
    "OLDA_WM_BUFFER_REUSED": MessageKind.BUFFER_REUSED,
    "OLDA_WM_TRIGGER_ERROR": MessageKind.TRIGGER_ERROR,
    "OLDA_WM_EVENT_ERROR": MessageKind.EVENT_ERROR,
    "OLDA_WM_DEVICE_REMOVAL": MessageKind.DEVICE_REMOVED,
}


class DtInput(VendorBackEnd):
    """Back end of the inputs; a `BackEnd`. Terminals are numbers.

    The clock of these boards is that of the converter, which goes from input to input: it runs at the rate of the
    samples of all channels together.

    Args:
        driver: A `dtollib.backend.DtolBackend`; None for the vendor's driver.
    """

    capabilities = Capabilities(continuous_input=True, single_value_input=True)

    def __init__(self, driver: Any = None) -> None:  # noqa: ANN401
        super().__init__()
        self._driver = driver
        self._board: Board | None = None
        self._encoding = Encoding()
        self._spec: TaskSpec | None = None
        self._given: dict[int, Buffer] = {}
        self._handles: dict[int, int] = {}
        self._messages: dict[int, MessageKind] = {}
        self._notification: object = None

    def commit(self, task: TaskSpec) -> Commitment:
        """See `BackEnd.commit`."""
        self.close()
        names = constants()
        self._messages = {getattr(names, name): kind for name, kind in MESSAGES.items()}
        self._messages[names.OLDA_WM_BUFFER_DONE] = MessageKind.BUFFER_DONE
        self._spec = task
        board = self._board = Board(self._driver, task.board or "", names.OLSS_AD, task.element)
        with translated(self._where):
            rate_hz = self._configure(board, names, task)
            self._encoding = board.encoding()
            board.driver.commit(board.handle)
        return Commitment(rate_hz, self._encoding)

    def _configure(self, board: Board, names: Any, task: TaskSpec) -> float | None:  # noqa: ANN401
        driver, handle = board.driver, board.handle
        single = task.data_flow is DataFlow.SINGLE_VALUE
        driver.set_data_flow(handle, names.OL_DF_SINGLEVALUE if single else names.OL_DF_CONTINUOUS)
        voltage = import_module("dtollib.channels").AnalogInputVoltage
        for place, channel in enumerate(task.inputs):
            low, high = channel.min_val, channel.max_val
            number, gain = int(channel.terminal), channel.gain
            spec = voltage(physical_channel=number, name=channel.name, min_val=low, max_val=high, gain=gain)
            driver.add_channel(handle, place, spec)
        rate_hz = None
        if task.timing is not None and task.buffers is not None:
            driver.set_channel_list(handle, [int(channel.terminal) for channel in task.inputs])
            driver.set_clock(handle, rate_hz=task.aggregate_rate_hz, clock_source=names.OL_CLK_INTERNAL)
            driver.set_trigger(handle, kind=names.OL_TRG_SOFT)
            once = task.buffers.wrap_mode is WrapMode.NONE
            driver.set_wrap_mode(handle, names.OL_WRP_NONE if once else names.OL_WRP_MULTIPLE)
            driver.set_dma_usage(handle, 0)
            rate_hz = driver.get_clock_frequency(handle) / len(task.channels)
        driver.set_stop_on_error(handle, task.stop_on_error)
        return rate_hz

    def register(self, post: Any) -> None:  # noqa: ANN401
        """See `BackEnd.register`."""
        super().register(post)
        board = self._taken
        with translated(self._where):
            self._notification = board.driver.register_notification(board.handle, self._on_message)

    def queue(self, buffer: Buffer) -> None:
        """See `BackEnd.queue`."""
        board = self._taken
        with translated(self._where):
            handle = self._handles.get(buffer.number)
            if handle is None:
                width = self._encoding.dtype.itemsize
                handle = self._handles[buffer.number] = board.driver.alloc_buffer(buffer.samples.size, width)
            self._given[handle] = buffer
            board.driver.put_buffer(board.handle, handle)

    def arm(self) -> None:
        """See `BackEnd.arm`."""
        board = self._taken
        with translated(self._where):
            board.driver.arm(board.handle)

    def start(self) -> None:
        """See `BackEnd.start`."""
        board = self._taken
        with translated(self._where):
            board.driver.start(board.handle)

    def stop(self) -> None:
        """See `BackEnd.stop`."""
        if self._board is not None and self._board.driver.is_running(self._board.handle):
            with translated(self._where):
                self._board.driver.stop(self._board.handle)

    def unregister(self) -> None:
        """See `BackEnd.unregister`."""
        super().unregister()
        if self._board is not None and self._notification is not None:
            notification, self._notification = self._notification, None
            with translated(self._where):
                self._board.driver.unregister_notification(self._board.handle, notification)

    def flush(self) -> Sequence[Buffer]:
        """See `BackEnd.flush`."""
        held = list(self._given.values())
        self._given.clear()
        if self._board is not None:
            with translated(self._where):
                self._board.driver.flush_buffers(self._board.handle)
                for handle in self._handles.values():
                    self._board.driver.free_buffer(handle)
        self._handles.clear()
        return held

    def read_values(self) -> NDArray[Any]:
        """See `BackEnd.read_values`."""
        board = self._taken
        assert self._spec is not None  # noqa: S101  likewise
        with translated(self._where):
            codes = [
                board.driver.get_single_value(board.handle, int(one.terminal), one.gain) for one in self._spec.inputs
            ]
        return np.array(codes).astype(self._encoding.dtype)

    def close(self) -> None:
        """See `BackEnd.close`."""
        if self._board is not None:
            board, self._board = self._board, None
            with translated(self._where):
                board.close()

    @property
    def _taken(self) -> Board:
        assert self._board is not None  # noqa: S101  the order of calls
        return self._board

    @property
    def _where(self) -> str:
        return "dtollib" if self._spec is None else self._spec.board or "dtollib"

    def _on_message(self, number: int, _wide: int, _long: int) -> int:
        """Called by the thread of the driver's message window."""
        now_ns = time.monotonic_ns()
        kind = self._messages.get(number)
        with self._turn:
            if self._post is None or kind is None or self._board is None:
                return 0
            if kind is MessageKind.BUFFER_DONE:
                self._take(self._board, now_ns)
            else:
                self._tell(kind)
        return 0

    def _take(self, board: Board, now_ns: int) -> None:
        handle = board.driver.get_buffer(board.handle)
        buffer = None if handle is None else self._given.pop(handle, None)
        if buffer is None or self._post is None:
            return
        codes = np.asarray(board.driver.read_buffer_payload(handle)).view(self._encoding.dtype)
        channels = buffer.samples.shape[1]
        valid = min(board.driver.get_buffer_valid_samples(handle), codes.size) // channels
        buffer.samples[:valid] = codes[: valid * channels].reshape(valid, channels)
        buffer.valid = valid
        self._post(Message(MessageKind.BUFFER_DONE, now_ns, buffer))
