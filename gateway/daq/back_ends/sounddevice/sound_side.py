"""What the input and the output of a sound device have in common."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from gateway.daq.buffer import Buffer
from gateway.daq.encoding import Encoding
from gateway.daq.errors import DaqCapabilityError
from gateway.daq.messages import Message, MessageKind, Post
from gateway.daq.task import TaskSpec

if TYPE_CHECKING:
    from gateway.daq.back_ends.sounddevice.device import SoundDevice

FLOAT32 = Encoding(np.dtype(np.float32))


class SoundSide:
    """Base of a `BackEnd` on the stream of a device: queued buffers, one of which the stream's thread is at."""

    def __init__(self, device: SoundDevice) -> None:
        self._device = device
        self._terminals: list[int] = []
        self._post: Post | None = None
        self._queue: deque[Buffer] = deque()
        self._current: Buffer | None = None
        self._running = False
        self._turn = threading.Lock()

    def register(self, post: Post) -> None:
        """See `BackEnd.register`."""
        self._post = post

    def arm(self) -> None:
        """Nothing more to configure."""

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
            held = [*([] if self._current is None else [self._current]), *self._queue]
            self._current = None
            self._queue.clear()
        return held

    def gone(self) -> None:
        """The stream has ended by itself."""
        with self._turn:
            if self._post is not None:
                self._post(Message(MessageKind.DEVICE_REMOVED, time.monotonic_ns(), detail="the stream has ended"))

    def _check_rate(self, task: TaskSpec) -> None:
        """Input and output share a clock.

        Raises:
            DaqCapabilityError: The task wants another rate than the device runs at.
        """
        device = self._device
        if task.timing is not None and task.timing.rate_hz != device.rate_hz:
            what = f"the stream runs at {device.rate_hz:g} Hz, so it cannot at {task.timing.rate_hz:g} Hz as well"
            raise DaqCapabilityError(what, where=device.label)
