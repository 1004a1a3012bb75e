"""The output of a sound device."""

from __future__ import annotations

import time
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


class SoundOutput(SoundSide):
    """Back end of the output; a `BackEnd`. See `SoundDevice`.

    From the first start or `write_values` until it is closed the last values are held; then the device falls silent,
    which is 0. A device that is coupled by capacitors holds nothing but 0 for long.
    """

    capabilities = Capabilities(continuous_output=True, single_value_output=True, mute=True)

    def __init__(self, device: SoundDevice) -> None:
        super().__init__(device)
        self._given = 0
        self._dry = False
        self._draining: int | None = None
        self._held: NDArray[np.float32] = np.zeros(0, np.float32)

    def commit(self, task: TaskSpec) -> Commitment:
        """See `BackEnd.commit`."""
        self._check_rate(task)
        terminals = [channel.terminal for channel in task.channels]
        rate_hz = self._device.open(self, terminals, output=True)
        with self._turn:
            self._terminals = [int(terminal) for terminal in terminals]
            if len(self._held) != len(terminals):
                self._held = np.zeros(len(terminals), np.float32)
        return Commitment(rate_hz, FLOAT32)

    def queue(self, buffer: Buffer) -> None:
        """See `BackEnd.queue`."""
        self._queue.append(buffer)

    def start(self) -> None:
        """See `BackEnd.start`."""
        with self._turn:
            self._given = 0
            self._dry = False
            self._draining = None
            self._running = True
        self._device.run()

    def mute(self) -> None:
        """See `BackEnd.mute`."""
        with self._turn:
            self._running = False
            self._held[:] = 0

    def read_values(self) -> NDArray[Any]:
        """Never asked for: an output."""
        raise DaqCapabilityError("an output takes nothing in", where=self._device.label)

    def write_values(self, values: NDArray[Any]) -> None:
        """See `BackEnd.write_values`."""
        with self._turn:
            self._held = np.array(values, np.float32)
        self._device.run()

    def close(self) -> None:
        """See `BackEnd.close`."""
        self._device.close(self)

    def give(self, samples: NDArray[np.float32], delay: int, *, lost: bool) -> None:
        """Fill what the stream's thread is about to put out.

        Args:
            samples: Shape (samples, all channels of the stream); gone after the call.
            delay: Samples until the first one is at the terminals.
            lost: Samples before the first one were not put out, or others were.
        """
        with self._turn:
            samples[:] = 0
            done = 0
            post = self._post
            if self._running and post is not None:
                if lost:
                    post(Message(MessageKind.UNDERRUN, time.monotonic_ns(), detail="xrun of the sound device"))
                done = self._put_out(post, samples) if self._draining is None else 0
                self._drain(post, len(samples) - done, delay)
            if len(self._held):
                samples[done:, self._terminals] = self._held

    def _put_out(self, post: Post, samples: NDArray[np.float32]) -> int:
        """Put out what is queued; returns for how many samples there was something."""
        done = 0
        while done < len(samples):
            if self._current is None and self._queue:
                self._current, self._given, self._dry = self._queue.popleft(), 0, False
            buffer = self._current
            if buffer is None:
                if not self._dry:
                    self._dry = True
                    post(Message(MessageKind.UNDERRUN, time.monotonic_ns(), detail="no buffer was queued"))
                return done
            count = min(len(samples) - done, buffer.valid - self._given)
            samples[done : done + count, self._terminals] = buffer.samples[self._given : self._given + count]
            self._given += count
            done += count
            if self._given == buffer.valid:
                self._current = None
                if buffer.valid:
                    self._held = buffer.samples[buffer.valid - 1].astype(np.float32)
                last = buffer.last  # once posted, the buffer is filled anew
                post(Message(MessageKind.BUFFER_DONE, time.monotonic_ns(), buffer))
                if last:
                    self._draining = 0
                    return done
        return done

    def _drain(self, post: Post, count: int, delay: int) -> None:
        """Wait until the last sample, handed over `count` samples ago, has reached the terminals."""
        if self._draining is None:
            return
        self._draining += count
        if self._draining >= delay:
            self._draining, self._running = None, False
            post(Message(MessageKind.QUEUE_DONE, time.monotonic_ns()))
