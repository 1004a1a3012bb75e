"""Calls a back end in the order of `BackEnd`, and keeps what it posts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.daq import BufferPlan, DataFlow, InputChannel, OutputChannel, TaskSpec, Timing, WrapMode
from gateway.daq.back_end import BackEnd
from gateway.daq.buffer import Buffer
from gateway.daq.messages import Message, MessageKind

BLOCK = 10
RATE_HZ = 1000.0


def input_task(board: str | None = None, *, timed: bool = True, samples: int | None = None, **channel: Any) -> TaskSpec:
    channels = tuple(InputChannel(name=f"in{number}", terminal=number, **channel) for number in (0, 1))
    if not timed:
        return TaskSpec(name="task", channels=channels, board=board)
    return TaskSpec(
        name="task",
        channels=channels,
        board=board,
        data_flow=DataFlow.CONTINUOUS if samples is None else DataFlow.FINITE,
        timing=Timing(rate_hz=RATE_HZ, samples_per_channel=samples),
        buffers=BufferPlan(
            buffers=4, samples_per_buffer=BLOCK, wrap_mode=WrapMode.MULTIPLE if samples is None else WrapMode.NONE
        ),
    )


def output_task(board: str | None = None, *, timed: bool = True, gain: float = 1.0) -> TaskSpec:
    channels = tuple(
        OutputChannel(name=f"out{number}", terminal=number, min_val=-5, max_val=5, gain=gain) for number in (0, 1)
    )
    if not timed:
        return TaskSpec(name="task", channels=channels, board=board)
    return TaskSpec(
        name="task",
        channels=channels,
        board=board,
        data_flow=DataFlow.CONTINUOUS,
        timing=Timing(rate_hz=RATE_HZ),
        buffers=BufferPlan(buffers=4, samples_per_buffer=BLOCK),
    )


class DeviceUser:
    """What `Lifecycle` does, without threads.

    Attributes:
        messages: All that came.
        blocks: Samples of each filled buffer, shape (samples, channels); it is queued again at once.
        put_out: Number of each buffer that was put out.
        requeue: Whether filled buffers are queued again.
    """

    def __init__(self, back_end: BackEnd, task: TaskSpec) -> None:
        self.back_end = back_end
        self.task = task
        self.messages: list[Message] = []
        self.blocks: list[NDArray[Any]] = []
        self.put_out: list[int] = []
        self.requeue = True
        self.rate_hz: float | None = None
        self.held: list[Buffer] = []

    def start(self, *filled: list[list[float]], last: int | None = None) -> None:
        """Commit to start; an output gets one buffer for each of the samples."""
        granted = self.back_end.commit(self.task)
        self.rate_hz = granted.rate_hz
        self.back_end.register(self._post)
        for number in range(len(filled) or 4):
            buffer = Buffer.empty(number, BLOCK, len(self.task.channels), granted.encoding.dtype)
            if filled:
                samples = np.array(filled[number])
                buffer.samples[: len(samples)], buffer.valid, buffer.last = samples, len(samples), number == last
            self.back_end.queue(buffer)
        self.back_end.arm()
        self.back_end.start()

    def stop(self) -> int:
        """Take down; how many buffers the device still had."""
        self.back_end.stop()
        self.back_end.unregister()
        return len(self.back_end.flush())

    @property
    def kinds(self) -> list[MessageKind]:
        return [message.kind for message in self.messages]

    def _post(self, message: Message) -> None:
        self.messages.append(message)
        buffer = message.buffer
        if buffer is None:
            return
        assert message.kind is MessageKind.BUFFER_DONE
        if self.task.is_output:
            self.put_out.append(buffer.number)
            return
        self.blocks.append(buffer.samples[: buffer.valid].copy())
        if self.requeue:
            self.back_end.queue(buffer)
        else:
            self.held.append(buffer)
