"""Analog inputs of a Measurement Computing device."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.daq.back_end import Capabilities, Commitment
from gateway.daq.back_ends.uldaq.ul_device import (
    connected,
    message_kind,
    part,
    release,
    translated,
    uldaq_package,
    voltage_range,
)
from gateway.daq.back_ends.vendor_back_end import VendorBackEnd
from gateway.daq.errors import DaqCapabilityError
from gateway.daq.messages import Message, MessageKind
from gateway.daq.task import TaskSpec


class UlInput(VendorBackEnd):
    """Back end of the inputs; a `BackEnd`. Terminals are numbers, in a scan one after the other.

    The library writes round and round into one large buffer and calls back after each block; a block is copied out of
    it, and one that has been overwritten meanwhile is counted as lost.

    Args:
        terminal: How the inputs are wired: `default`, `single_ended` or `differential`.
    """

    capabilities = Capabilities(continuous_input=True, single_value_input=True)

    def __init__(self, terminal: str = "default") -> None:
        super().__init__()
        self._wiring = "DIFFERENTIAL" if terminal == "differential" else "SINGLE_ENDED"
        self._device: Any = None
        self._terminals: list[int] = []
        self._mode: Any = None
        self._range: Any = None
        self._spec: TaskSpec | None = None
        self._memory: Any = None
        self._ring: NDArray[np.float64] = np.empty((0, 0))
        self._rate_hz = 0.0
        self._taken = 0

    def commit(self, task: TaskSpec) -> Commitment:
        """See `BackEnd.commit`."""
        package = uldaq_package()
        self.close()
        terminals = [channel.terminal for channel in task.inputs]
        numbers = [one for one in terminals if isinstance(one, int)]
        if len(numbers) < len(terminals):
            raise DaqCapabilityError("terminals are numbers here", hint="write 0 for the first input")
        if task.timing is not None and numbers != list(range(numbers[0], numbers[0] + len(numbers))):
            raise DaqCapabilityError("a scan takes inputs that follow each other", hint="number them upwards, by one")
        self._device = connected(package, task.board)
        try:
            inputs = part(self._device, "ai", task.board or "uldaq")
            self._mode = getattr(package.AiInputMode, self._wiring)
            low, high = min(one.min_val for one in task.inputs), max(one.max_val for one in task.inputs)
            self._range = voltage_range(inputs.get_info().get_ranges(self._mode), low, high)
        except package.ULException as error:
            self.close()
            raise translated(error, task.board or "uldaq") from error
        except BaseException:
            self.close()
            raise
        self._spec, self._terminals = task, numbers
        if task.timing is None or task.buffers is None:
            return Commitment()
        self._rate_hz = task.timing.rate_hz
        length = task.buffers.samples_per_buffer * task.buffers.buffers
        self._memory = package.create_float_buffer(len(numbers), length)
        self._ring = np.frombuffer(self._memory, np.float64).reshape(length, len(numbers))
        return Commitment(self._rate_hz)

    def arm(self) -> None:
        """See `BackEnd.arm`."""
        package = uldaq_package()
        assert self._spec is not None  # noqa: S101  the order of calls
        assert self._spec.buffers is not None  # noqa: S101  likewise
        self._taken = 0
        events = package.DaqEventType.ON_DATA_AVAILABLE | package.DaqEventType.ON_INPUT_SCAN_ERROR
        try:
            self._device.enable_event(events, self._spec.buffers.samples_per_buffer, self._on_event, None)
        except package.ULException as error:
            raise translated(error, self._where) from error

    def start(self) -> None:
        """See `BackEnd.start`."""
        package = uldaq_package()
        try:
            self._rate_hz = self._device.get_ai_device().a_in_scan(
                self._terminals[0],
                self._terminals[-1],
                self._mode,
                self._range,
                len(self._ring),
                self._rate_hz,
                package.ScanOption.CONTINUOUS,
                package.AInScanFlag.DEFAULT,
                self._memory,
            )
        except package.ULException as error:
            raise translated(error, self._where) from error

    def stop(self) -> None:
        """See `BackEnd.stop`."""
        self._call("scan_stop")

    def unregister(self) -> None:
        """See `BackEnd.unregister`."""
        super().unregister()
        if self._device is not None and self._memory is not None:
            package = uldaq_package()
            try:
                self._device.disable_event(
                    package.DaqEventType.ON_DATA_AVAILABLE | package.DaqEventType.ON_INPUT_SCAN_ERROR
                )
            except package.ULException as error:
                raise translated(error, self._where) from error

    def read_values(self) -> NDArray[np.float64]:
        """See `BackEnd.read_values`."""
        package = uldaq_package()
        inputs = self._device.get_ai_device()
        try:
            values = [inputs.a_in(one, self._mode, self._range, package.AInFlag.DEFAULT) for one in self._terminals]
        except package.ULException as error:
            raise translated(error, self._where) from error
        return np.array(values)

    def close(self) -> None:
        """See `BackEnd.close`."""
        if self._device is not None:
            device, self._device = self._device, None
            release(uldaq_package(), device, self._where)

    @property
    def _where(self) -> str:
        return "uldaq" if self._spec is None else self._spec.board or "uldaq"

    def _call(self, method: str) -> None:
        if self._device is None:
            return
        try:
            getattr(self._device.get_ai_device(), method)()
        except uldaq_package().ULException as error:
            raise translated(error, self._where) from error

    def _on_event(self, event: Any) -> None:  # noqa: ANN401
        """Called by the library's thread."""
        package = uldaq_package()
        with self._turn:
            if self._post is None:
                return
            if event.event_type == package.DaqEventType.ON_INPUT_SCAN_ERROR:
                code = int(event.event_data)
                self._tell(message_kind(code), detail=f"error {code} of libuldaq")
                self._tell(MessageKind.QUEUE_STOPPED)
                return
            self._take(int(event.event_data))

    def _take(self, available: int) -> None:
        """Copy every whole block out of the ring; `available` samples per channel have come since the start."""
        now_ns = time.monotonic_ns()
        while self._queue and self._post is not None:
            size = len(self._queue[0].samples)
            overwritten = available - len(self._ring) - self._taken
            if overwritten > 0:
                lost = -(-overwritten // size) * size
                self._taken += lost
                self._tell(MessageKind.OVERRUN, lost=lost)
            if available - self._taken < size:
                return
            buffer = self._queue.popleft()
            start = self._taken % len(self._ring)
            buffer.samples[:] = self._ring[start : start + size]
            buffer.valid = size
            self._taken += size
            newer_ns = (available - self._taken) / self._rate_hz * 1e9
            self._post(Message(MessageKind.BUFFER_DONE, now_ns - round(newer_ns), buffer))
