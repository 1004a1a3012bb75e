"""The buffers of one run, and who has each of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from gateway.daq.buffer import Buffer, BufferState
from gateway.daq.errors import DaqTaskStateError
from gateway.daq.timing import BufferPlan

_IDLE, _FILLED, _QUEUED = BufferState.IDLE, BufferState.FILLED, BufferState.QUEUED
_COMPLETED, _RELEASED = BufferState.COMPLETED, BufferState.RELEASED

TRANSITIONS: dict[BufferState, frozenset[BufferState]] = {
    _IDLE: frozenset({_FILLED, _QUEUED, _RELEASED}),
    _FILLED: frozenset({_QUEUED, _RELEASED}),
    _QUEUED: frozenset({_COMPLETED}),
    _COMPLETED: frozenset({_IDLE, _FILLED, _QUEUED, _RELEASED}),
    _RELEASED: frozenset(),
}
"""From where a buffer may go where. What the device has can only be completed by the device, never released."""


class BufferPool:
    """Allocates the buffers once, and refuses every step that would touch memory which the device still has.

    Args:
        plan: How many, how long.
        channels: Samples per scan.
        dtype: Of the samples.
        output: Buffers must be filled before they are queued.
    """

    def __init__(self, plan: BufferPlan, channels: int, dtype: np.dtype[Any], *, output: bool) -> None:
        self.buffers = tuple(
            Buffer.empty(number, plan.samples_per_buffer, channels, dtype) for number in range(plan.buffers)
        )
        self._output = output

    @property
    def with_device(self) -> int:
        """How many buffers the device has."""
        return sum(buffer.state is _QUEUED for buffer in self.buffers)

    def queued(self, buffer: Buffer) -> None:
        """The device gets the buffer.

        Raises:
            DaqTaskStateError: It has it already, or an output buffer holds nothing new.
        """
        if self._output and buffer.state is not _FILLED:
            raise DaqTaskStateError("an output buffer is filled before it is queued", where=f"buffer {buffer.number}")
        if not self._output:
            buffer.valid = 0
        self._step(buffer, _QUEUED)

    def filled(self, buffer: Buffer) -> None:
        """The program has written what shall be put out."""
        self._step(buffer, _FILLED)

    def completed(self, buffers: Iterable[Buffer]) -> None:
        """The device no longer has the buffers.

        Raises:
            DaqTaskStateError: It had not got one of them.
        """
        for buffer in buffers:
            self._step(buffer, _COMPLETED)

    def reclaim(self) -> None:
        """The device is stopped and flushed: what it had is free, also what its last unread messages were about."""
        self.completed([buffer for buffer in self.buffers if buffer.state is _QUEUED])

    def release(self) -> None:
        """Give up all buffers, once.

        Raises:
            DaqTaskStateError: The device still has one, or it is done already.
        """
        for buffer in self.buffers:
            self._step(buffer, _RELEASED)

    def _step(self, buffer: Buffer, state: BufferState) -> None:
        if buffer.number >= len(self.buffers) or self.buffers[buffer.number] is not buffer:
            raise DaqTaskStateError("the device names a buffer that is not of this run")
        if state not in TRANSITIONS[buffer.state]:
            raise DaqTaskStateError(f"it is {buffer.state} and cannot be {state}", where=f"buffer {buffer.number}")
        buffer.state = state
