"""The input of a sound device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gateway.daq.back_end import Capabilities, Commitment
from gateway.daq.back_ends.sounddevice.sound_side import FLOAT32, SoundSide
from gateway.daq.buffer import Buffer
from gateway.daq.errors import DaqCapabilityError
from gateway.daq.messages import Message, MessageKind, Post
from gateway.daq.task import TaskSpec

if TYPE_CHECKING:
    from gateway.daq.back_ends.sounddevice.device import SoundDevice


class SoundInput(SoundSide):
    """Back end of the input; a `BackEnd`. See `SoundDevice`.

    An xrun ends the buffer that is being filled, so that no block hides a gap. PortAudio does not say how many samples
    an xrun cost; what was lost because no buffer was queued is known.
    """

    capabilities = Capabilities(continuous_input=True)

    def __init__(self, device: SoundDevice) -> None:
        super().__init__(device)
        self._unwanted = 0

    def commit(self, task: TaskSpec) -> Commitment:
        """See `BackEnd.commit`."""
        self._check_rate(task)
        terminals = [channel.terminal for channel in task.channels]
        rate_hz = self._device.open(self, terminals, output=False)
        self._terminals = [int(terminal) for terminal in terminals]
        return Commitment(rate_hz, FLOAT32)

    def queue(self, buffer: Buffer) -> None:
        """See `BackEnd.queue`."""
        buffer.valid = 0
        self._queue.append(buffer)

    def start(self) -> None:
        """See `BackEnd.start`."""
        self._unwanted = 0
        self._running = True
        self._device.run()

    def mute(self) -> None:
        """An input has nothing to mute."""

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

    def _fill(self, post: Post, samples: NDArray[np.float32], first_ns: int) -> None:
        period_ns = 1e9 / self._device.rate_hz
        done = 0
        while done < len(samples):
            if self._current is None:
                if not self._queue:
                    self._unwanted += len(samples) - done
                    return
                self._current = self._queue.popleft()
                self._current.valid = 0
                if self._unwanted:
                    post(Message(MessageKind.OVERRUN, first_ns + round(done * period_ns), lost=self._unwanted))
                    self._unwanted = 0
            buffer = self._current
            count = min(len(samples) - done, len(buffer.samples) - buffer.valid)
            buffer.samples[buffer.valid : buffer.valid + count] = samples[done : done + count, self._terminals]
            buffer.valid += count
            done += count
            if buffer.valid == len(buffer.samples):
                self._complete(post, first_ns + round((done - 1) * period_ns))

    def _complete(self, post: Post, last_ns: int) -> None:
        """Give away what has been filled, if anything has."""
        if self._current is not None and self._current.valid:
            buffer, self._current = self._current, None
            post(Message(MessageKind.BUFFER_DONE, last_ns, buffer))
