"""The input of a sound device."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gateway.daq.back_end import Capabilities, Commitment
from gateway.daq.buffer import Buffer
from gateway.daq.encoding import Encoding
from gateway.daq.errors import DaqCapabilityError
from gateway.daq.messages import Message, MessageKind, Post
from gateway.daq.task import TaskSpec

if TYPE_CHECKING:
    from gateway.daq.back_ends.sounddevice.device import SoundDevice

FLOAT32 = Encoding(np.dtype(np.float32))


class SoundInput:
    """Back end of the input; a `BackEnd`. See `SoundDevice`.

    An xrun ends the buffer that is being filled, so that no block hides a gap. PortAudio does not say how many samples
    an xrun cost; what was lost because no buffer was queued is known.
    """

    capabilities = Capabilities(continuous_input=True)

    def __init__(self, device: SoundDevice) -> None:
        self._device = device
        self._terminals: list[int] = []
        self._post: Post | None = None
        self._queue: deque[Buffer] = deque()
        self._running = False
        self._filling: Buffer | None = None
        self._unwanted = 0
        self._turn = threading.Lock()

    def commit(self, task: TaskSpec) -> Commitment:
        """See `BackEnd.commit`."""
        check_rate(task, self._device)
        terminals = [channel.terminal for channel in task.channels]
        rate_hz = self._device.open(self, terminals, output=False)
        self._terminals = [int(terminal) for terminal in terminals]
        return Commitment(rate_hz, FLOAT32)

    def register(self, post: Post) -> None:
        """See `BackEnd.register`."""
        self._post = post

    def queue(self, buffer: Buffer) -> None:
        """See `BackEnd.queue`."""
        buffer.valid = 0
        self._queue.append(buffer)

    def arm(self) -> None:
        """Nothing more to configure."""

    def start(self) -> None:
        """See `BackEnd.start`."""
        self._unwanted = 0
        self._running = True
        self._device.run()

    def mute(self) -> None:
        """An input has nothing to mute."""

    def stop(self) -> None:
        """See `BackEnd.stop`."""
        with self._turn:
            self._running = False

    def unregister(self) -> None:
        """See `BackEnd.unregister`."""
        with self._turn:
            self._running = False
            self._post = None

    def flush(self) -> Sequence[Buffer]:
        """See `BackEnd.flush`."""
        with self._turn:
            held = [*([] if self._filling is None else [self._filling]), *self._queue]
            self._filling = None
            self._queue.clear()
        return held

    def read_values(self) -> NDArray[Any]:
        """Never asked for: `capabilities` says so."""
        raise DaqCapabilityError("a sound device has no single values", where=self._device.label)

    def write_values(self, values: NDArray[Any]) -> None:  # noqa: ARG002
        """Never asked for: an input."""
        raise DaqCapabilityError("an input puts nothing out", where=self._device.label)

    def close(self) -> None:
        """See `BackEnd.close`."""
        self._device.close(self)

    def take(self, samples: NDArray[np.float32], first_ns: int, *, lost: bool) -> None:
        """Samples from the stream's thread.

        Args:
            samples: Shape (samples, all channels of the stream); gone after the call.
            first_ns: Monotonic time of the first one.
            lost: Samples before the first one were lost.
        """
        with self._turn:
            post = self._post
            if not self._running or post is None:
                return
            if lost:
                self._complete(post, first_ns)
                post(Message(MessageKind.OVERRUN, first_ns, detail="xrun of the sound device"))
            self._fill(post, samples, first_ns)

    def gone(self) -> None:
        """The stream has ended by itself."""
        with self._turn:
            if self._post is not None:
                self._post(Message(MessageKind.DEVICE_REMOVED, time.monotonic_ns(), detail="the stream has ended"))

    def _fill(self, post: Post, samples: NDArray[np.float32], first_ns: int) -> None:
        period_ns = 1e9 / self._device.rate_hz
        done = 0
        while done < len(samples):
            if self._filling is None:
                if not self._queue:
                    self._unwanted += len(samples) - done
                    return
                self._filling = self._queue.popleft()
                self._filling.valid = 0
                if self._unwanted:
                    post(Message(MessageKind.OVERRUN, first_ns + round(done * period_ns), lost=self._unwanted))
                    self._unwanted = 0
            buffer = self._filling
            count = min(len(samples) - done, len(buffer.samples) - buffer.valid)
            buffer.samples[buffer.valid : buffer.valid + count] = samples[done : done + count, self._terminals]
            buffer.valid += count
            done += count
            if buffer.valid == len(buffer.samples):
                self._complete(post, first_ns + round((done - 1) * period_ns))

    def _complete(self, post: Post, last_ns: int) -> None:
        """Give away what has been filled, if anything has."""
        if self._filling is not None and self._filling.valid:
            buffer, self._filling = self._filling, None
            post(Message(MessageKind.BUFFER_DONE, last_ns, buffer))


def check_rate(task: TaskSpec, device: SoundDevice) -> None:
    """Input and output share a clock.

    Raises:
        DaqCapabilityError: The task wants another rate than the device runs at.
    """
    if task.timing is not None and task.timing.rate_hz != device.rate_hz:
        what = f"the stream runs at {device.rate_hz:g} Hz, so it cannot at {task.timing.rate_hz:g} Hz as well"
        raise DaqCapabilityError(what, where=device.label)
