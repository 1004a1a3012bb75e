"""The scan clock of a simulated input: fills buffers on an absolute schedule."""

from __future__ import annotations

import threading
from collections import deque

from gateway.daq.back_ends.simulated.fault import Fault, FaultKind, FaultPlan
from gateway.daq.back_ends.simulated.signals import Signal
from gateway.daq.back_ends.thread_clock import ThreadClock
from gateway.daq.buffer import Buffer
from gateway.daq.messages import Message, MessageKind, Post
from gateway.daq.timing import BufferPlan, Timing

_ONLY_SAID = {
    FaultKind.EVENT_ERROR: MessageKind.EVENT_ERROR,
    FaultKind.TRIGGER_ERROR: MessageKind.TRIGGER_ERROR,
    FaultKind.UNDERRUN: MessageKind.UNDERRUN,
}
_LOSSES = {FaultKind.OVERRUN: MessageKind.OVERRUN, FaultKind.BUFFER_REUSED: MessageKind.BUFFER_REUSED}


class InputClock:
    """Body of the device's thread, for one run.

    Args:
        timing: Rate and length.
        plan: Block size.
        channels: Samples per scan.
        signal: What the input sees.
        true_rate_hz: Rate at which the scan clock really runs.
        queue: Buffers to fill.
        faults: What goes wrong.
        clock: Time.
        post: Takes the messages.
        stop: Ends the thread.
    """

    def __init__(
        self,
        timing: Timing,
        plan: BufferPlan,
        channels: int,
        *,
        signal: Signal,
        true_rate_hz: float,
        queue: deque[Buffer],
        faults: FaultPlan,
        clock: ThreadClock,
        post: Post,
        stop: threading.Event,
    ) -> None:
        self._timing = timing
        self._block = plan.samples_per_buffer
        self._channels = channels
        self._signal = signal
        self._period_ns = 1e9 / true_rate_hz
        self._queue = queue
        self._faults = faults
        self._clock = clock
        self._post = post
        self._stop = stop
        self._start_ns = clock.monotonic_ns()
        self._taken = 0
        self.removed = False

    def run(self) -> None:
        """Take samples until stopped, removed, or complete."""
        number = 0
        length = self._timing.samples_per_channel
        while length is None or self._taken < length:
            fault = self._faults.take(number)
            samples = self._block if length is None else min(self._block, length - self._taken)
            if not self._one_block(samples, fault):
                return
            number += 1
        self._say(MessageKind.QUEUE_DONE)

    def _one_block(self, samples: int, fault: Fault | None) -> bool:
        kind = None if fault is None else fault.kind
        if fault is not None and kind is FaultKind.STALL and not self._stall(fault):
            return False
        if fault is not None and kind is FaultKind.SHORT_BLOCK:
            samples = min(samples, fault.samples)
        if kind is FaultKind.EMPTY_BLOCK and self._queue:
            self._say(MessageKind.BUFFER_DONE, self._queue.popleft())
        first = self._taken
        self._taken += samples
        if not self._clock.wait_until(self._start_ns + round(self._taken * self._period_ns), self._stop):
            return False
        if kind is FaultKind.REMOVAL:
            self.removed = True
            self._say(MessageKind.DEVICE_REMOVED)
            return False
        if kind in _ONLY_SAID:
            self._say(_ONLY_SAID[kind])
        if kind in _LOSSES or not self._queue:
            counted = fault is None or fault.counted
            said = _LOSSES.get(kind, MessageKind.OVERRUN) if kind is not None else MessageKind.OVERRUN
            self._say(said, lost=samples if counted else None)
            return True
        buffer = self._queue.popleft()
        buffer.samples[:samples] = self._signal(first, samples, self._channels, self._timing.rate_hz)
        buffer.valid = samples
        self._say(MessageKind.BUFFER_DONE, buffer)
        return True

    def _stall(self, fault: Fault) -> bool:
        if fault.seconds is None:
            self._stop.wait()
            return False
        self._start_ns += round(fault.seconds * 1e9)
        return True

    def _say(self, kind: MessageKind, buffer: Buffer | None = None, lost: int | None = None) -> None:
        self._post(Message(kind, self._clock.monotonic_ns(), buffer, lost))
