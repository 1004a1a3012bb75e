"""The scan clock of a simulated output: puts out queued buffers on an absolute schedule."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

from gateway.daq.back_ends.simulated.fault import FaultKind, FaultPlan
from gateway.daq.back_ends.thread_clock import ThreadClock
from gateway.daq.buffer import Buffer
from gateway.daq.messages import Message, MessageKind, Post
from gateway.daq.timing import BufferPlan, WrapMode


class OutputClock:
    """Body of the device's thread, for one run.

    Args:
        plan: Block size, and whether the device replays its buffers.
        true_rate_hz: Rate at which the scan clock really runs.
        queue: Buffers to put out.
        put_out: Shown each buffer's codes, shape (samples, channels), when it is done.
        faults: What goes wrong.
        clock: Time.
        post: Takes the messages.
        stop: Ends the thread.
    """

    def __init__(
        self,
        plan: BufferPlan,
        *,
        true_rate_hz: float,
        queue: deque[Buffer],
        put_out: Callable[[NDArray[Any]], None],
        faults: FaultPlan,
        clock: ThreadClock,
        post: Post,
        stop: threading.Event,
    ) -> None:
        self._block = plan.samples_per_buffer
        self._replays = plan.wrap_mode is WrapMode.SINGLE
        self._period_ns = 1e9 / true_rate_hz
        self._queue = queue
        self._put_out = put_out
        self._faults = faults
        self._clock = clock
        self._post = post
        self._stop = stop
        self._start_ns = clock.monotonic_ns()
        self._done = 0
        self.removed = False

    def run(self) -> None:
        """Put out samples until stopped, removed, or after the last buffer."""
        number = 0
        while True:
            fault = self._faults.take(number)
            kind = None if fault is None else fault.kind
            number += 1
            if kind is FaultKind.STALL:
                self._stop.wait()
                return
            buffer = self._queue.popleft() if self._queue else None
            if not self._pass(self._block if buffer is None else buffer.valid):
                return
            if kind is FaultKind.REMOVAL:
                self.removed = True
                self._say(MessageKind.DEVICE_REMOVED)
                return
            if buffer is None or kind is FaultKind.UNDERRUN:
                self._say(MessageKind.UNDERRUN)
            if buffer is None:
                continue
            self._put_out(buffer.samples[: buffer.valid])
            if self._replays:
                self._queue.append(buffer)
                continue
            last = buffer.last  # the buffer is the program's as soon as it is posted
            self._say(MessageKind.BUFFER_DONE, buffer)
            if last:
                self._say(MessageKind.QUEUE_DONE)
                return

    def _pass(self, samples: int) -> bool:
        self._done += samples
        return self._clock.wait_until(self._start_ns + round(self._done * self._period_ns), self._stop)

    def _say(self, kind: MessageKind, buffer: Buffer | None = None) -> None:
        self._post(Message(kind, self._clock.monotonic_ns(), buffer))
