"""A BackEnd without a thread: the test itself says what the device does, and sees what it is asked for."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.daq.back_end import Capabilities, Commitment
from gateway.daq.back_ends.simulated.signals import ENCODING, counter
from gateway.daq.buffer import Buffer
from gateway.daq.messages import Message, MessageKind, Post
from gateway.daq.task import TaskSpec
from gateway.model.stamp import Clock

CAPABILITIES = Capabilities(
    continuous_input=True,
    continuous_output=True,
    single_value_input=True,
    single_value_output=True,
    mute=True,
)


class ScriptedDevice:
    """Inputs count up as those of the simulated device do.

    Attributes:
        calls: Names of the calls so far; `queue` with the buffer's number.
        queued: Buffers that the device has.
        put_out: Volts of each buffer that was put out, shape (samples, channels).
        written: Volts given to `write_values`.
        failing: Calls that raise, by name.
        stuck: Calls that do not come back before the event is set, by name.
    """

    def __init__(self, clock: Clock, **capabilities: Any) -> None:
        self._clock = clock
        self.capabilities = replace(CAPABILITIES, **capabilities)
        self.calls: list[str] = []
        self.queued: deque[Buffer] = deque()
        self.put_out: list[NDArray[Any]] = []
        self.written: list[NDArray[Any]] = []
        self.failing: dict[str, Exception] = {}
        self.stuck: dict[str, threading.Event] = {}
        self.commitment = Commitment(None, ENCODING)
        self.taken = 0
        self._post: Post | None = None

    def done(self, samples: int | None = None) -> None:
        """Input: a buffer is full, or holds `samples`. Output: the first buffer has been put out."""
        buffer = self.queued.popleft()
        if buffer.valid:
            self.put_out.append(volts(buffer.samples[: buffer.valid]))
        else:
            count = len(buffer.samples) if samples is None else samples
            buffer.samples[:count] = counter(self.taken, count, buffer.samples.shape[1], 1.0)
            buffer.valid = count
            self.taken += count
        self.say(MessageKind.BUFFER_DONE, buffer=buffer)

    def say(self, kind: MessageKind, *, buffer: Buffer | None = None, lost: int | None = None) -> None:
        assert self._post is not None
        self._post(Message(kind, self._clock.monotonic_ns(), buffer, lost))

    def commit(self, task: TaskSpec) -> Commitment:
        self._call("commit")
        self.taken = 0
        rate_hz = self.commitment.rate_hz or (task.timing.rate_hz if task.timing else None)
        return replace(self.commitment, rate_hz=rate_hz)

    def register(self, post: Post) -> None:
        self._call("register")
        self._post = post

    def queue(self, buffer: Buffer) -> None:
        self._call(f"queue {buffer.number}")
        self.queued.append(buffer)

    def arm(self) -> None:
        self._call("arm")

    def start(self) -> None:
        self._call("start")

    def mute(self) -> None:
        self._call("mute")

    def stop(self) -> None:
        self._call("stop")

    def unregister(self) -> None:
        self._call("unregister")
        self._post = None

    def flush(self) -> Sequence[Buffer]:
        self._call("flush")
        buffers = tuple(self.queued)
        self.queued.clear()
        return buffers

    def read_values(self) -> NDArray[Any]:
        self._call("read_values")
        return counter(40_000, 1, 2, 1.0)[0]

    def write_values(self, values: NDArray[Any]) -> None:
        self._call("write_values")
        self.written.append(volts(values))

    def close(self) -> None:
        self._call("close")

    def _call(self, name: str) -> None:
        self.calls.append(name)
        word = name.split()[0]
        if word in self.stuck:
            self.stuck[word].wait(10)
        if word in self.failing:
            raise self.failing[word]


def volts(codes: NDArray[Any]) -> NDArray[np.float64]:
    """Values at the terminals."""
    return codes * ENCODING.scale + ENCODING.offset
