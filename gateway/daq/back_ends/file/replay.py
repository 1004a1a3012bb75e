"""The back end `file`: an input device that takes what another one has taken before."""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from gateway.daq.back_end import Capabilities, Commitment
from gateway.daq.back_ends.call_order import CallOrder
from gateway.daq.back_ends.file.scans import Scans, cut
from gateway.daq.back_ends.thread_clock import SystemThreadClock, ThreadClock
from gateway.daq.block_file import BlockReader, open_reader
from gateway.daq.buffer import Buffer
from gateway.daq.errors import DaqCapabilityError, DaqDeviceError, DaqValidationError
from gateway.daq.messages import Message, MessageKind, Post
from gateway.daq.task import TaskSpec


class FileReplay:
    """A BackEnd that replays a file of recorded blocks from its beginning, and ends with it.

    The values are those of the file, so channels of the task have no scaling of their own; they name channels of the
    file, in any order. A gap in the file comes as an overrun of that many samples. The rate is the file's, whatever
    the task asks for.

    Args:
        path: File written by `RawLogging` or by a writer of `gateway.daq.block_file`.
        as_fast_as_possible: Without pacing, and without loss: it waits for free buffers, as no device would.
        clock: Time; by default the machine's.
    """

    def __init__(self, path: Path, *, as_fast_as_possible: bool = False, clock: ThreadClock | None = None) -> None:
        self._path = path
        self._paced = not as_fast_as_possible
        self._clock: ThreadClock = SystemThreadClock() if clock is None else clock
        self._order = CallOrder()
        self._reader: BlockReader | None = None
        self._task: TaskSpec | None = None
        self._post: Post | None = None
        self._free: queue.SimpleQueue[Buffer | None] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def capabilities(self) -> Capabilities:
        """Input with a clock."""
        return Capabilities(continuous_input=True)

    def commit(self, task: TaskSpec) -> Commitment:
        """Open the file.

        Raises:
            DaqValidationError: It is no recording, or has no such channel.
            DaqDeviceError: It cannot be read.
            DaqTaskStateError: Out of order, like all the others.
        """
        self._order.enter("commit")
        self._close_file()
        try:
            self._reader = open_reader(self._path)
        except OSError as error:
            raise DaqDeviceError(f"the recording cannot be read: {error}", where=task.name) from error
        known = self._reader.header.channels
        missing = [channel.name for channel in task.channels if channel.name not in known]
        if missing:
            what = f"the recording has no channel {', '.join(missing)}"
            raise DaqValidationError(what, where=str(self._path), hint=f"it has {', '.join(known)}")
        self._task = task
        return Commitment(self._reader.header.rate_hz)

    def register(self, post: Post) -> None:
        """Tell `post`."""
        self._order.enter("register")
        self._post = post

    def queue(self, buffer: Buffer) -> None:
        """Take a buffer."""
        self._order.enter("queue")
        self._free.put(buffer)

    def arm(self) -> None:
        """Nothing more to configure."""
        self._order.enter("arm")

    def start(self) -> None:
        """Start to read."""
        self._order.enter("start")
        self._stop.clear()
        self._thread = threading.Thread(target=self._replay, name="file replay", daemon=True)
        self._thread.start()

    def mute(self) -> None:
        """Never asked for: there is no output."""
        raise DaqCapabilityError("a file has no output", where=str(self._path))

    def stop(self) -> None:
        """Stop reading."""
        self._order.enter("stop")
        self._stop.set()
        if self._thread is not None:
            self._free.put(None)
            self._thread.join()
            self._thread = None

    def unregister(self) -> None:
        """Say nothing more."""
        self._order.enter("unregister")
        self._post = None

    def flush(self) -> Sequence[Buffer]:
        """Give back what is queued, and the file."""
        self._order.enter("flush")
        buffers: list[Buffer] = []
        while not self._free.empty():
            buffer = self._free.get()
            if buffer is not None:
                buffers.append(buffer)
        self._close_file()
        return buffers

    def read_values(self) -> NDArray[Any]:
        """Never asked for: a file has blocks."""
        raise DaqCapabilityError("a file has no single values", where=str(self._path))

    def write_values(self, values: NDArray[Any]) -> None:  # noqa: ARG002
        """Never asked for: there is no output."""
        raise DaqCapabilityError("a file has no output", where=str(self._path))

    def close(self) -> None:
        """Close the file."""
        self._order.enter("close")
        self._close_file()

    def _close_file(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _replay(self) -> None:
        reader, task, post = self._reader, self._task, self._post
        if reader is None or task is None or task.buffers is None or post is None:
            return
        names = reader.header.channels
        rows = [names.index(channel.name) for channel in task.channels]
        period_ns = 1e9 / reader.header.rate_hz
        start_ns, sample = self._clock.monotonic_ns(), 0
        try:
            for scans in cut(reader.blocks(), rows, task.buffers.samples_per_buffer):
                sample += scans.lost + len(scans.data)
                due_ns = start_ns + round(sample * period_ns)
                if self._paced and not self._clock.wait_until(due_ns, self._stop):
                    return
                done_ns = self._clock.monotonic_ns() if self._paced else due_ns
                if scans.lost:
                    post(Message(MessageKind.OVERRUN, done_ns, lost=scans.lost, detail="as recorded"))
                if not self._hand_over(scans, done_ns, post):
                    return
        except (DaqValidationError, OSError) as error:
            post(Message(MessageKind.EVENT_ERROR, self._clock.monotonic_ns(), detail=str(error)))
        post(Message(MessageKind.QUEUE_DONE, self._clock.monotonic_ns()))

    def _hand_over(self, scans: Scans, done_ns: int, post: Post) -> bool:
        try:
            buffer = self._free.get(block=not self._paced)
        except queue.Empty:
            post(Message(MessageKind.OVERRUN, done_ns, lost=len(scans.data)))
            return True
        if buffer is None or self._stop.is_set():
            return False
        buffer.samples[: len(scans.data)] = scans.data
        buffer.valid = len(scans.data)
        post(Message(MessageKind.BUFFER_DONE, done_ns, buffer))
        return True
