"""One instrument behind a library, opened as often as it has to be."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack

import anyio
from anyio.streams.memory import MemoryObjectSendStream

from gateway.drivers.library.batches import Batches
from gateway.drivers.library.counters import LibraryCounters
from gateway.drivers.library.failures import is_permanent, raised
from gateway.drivers.library.opening import open_recording, payloads
from gateway.drivers.library.settings import LibrarySettings
from gateway.errors import LinkError
from gateway.model.sample import Sample
from gateway.model.stamp import Clock

PERMANENT_PAUSE_S = 60.0
"""What cannot work until somebody changes something is tried again this often only."""
CLOSING_S = (1.5, 0.5)
"""Patience with a library that is to end, first after it was asked politely, then after it was cancelled once more.
Together they stay under the three seconds in which the gateway stops."""


class LibrarySource:
    """An instrument that a library reads; a `ports.LocalSource`.

    The library runs in a task of its own, because a task group would have to wait for one that does not end: some
    shield their teardown and then wait for a thread. Such a task is cancelled by the event loop itself, which no shield
    stops; if even that does not end it, it is left behind, and the instrument is not opened again beside it.

    Args:
        device: Name of the analyser.
        settings: Its settings.
        rate_hz: Payloads per second that the library is asked for.
        clock: Time.
    """

    def __init__(self, device: str, settings: LibrarySettings, rate_hz: float, clock: Clock) -> None:
        self._device = device
        self._settings = settings
        self._rate_hz = rate_hz
        self._clock = clock
        self._resting_until_ns = 0
        self._left_behind: asyncio.Task[None] | None = None
        self._opening = True
        self._log = logging.getLogger(f"gateway.analyser.{device}")
        self.counters = LibraryCounters()
        self._batches = Batches(device, settings, self.counters)

    async def batches(self) -> AsyncGenerator[Sequence[Sample], None]:
        """Open the instrument and yield one batch per payload that says something new.

        Raises:
            LinkError: The library could not open it, has lost it, or has ended the recording.
        """
        await self._clock.sleep_until(self._resting_until_ns)
        if self._left_behind is not None and not self._left_behind.done():
            hint = "restart the gateway, and report it to the maintainers of the library"
            raise LinkError("the library has not ended its last recording", where=self._device, hint=hint)
        send, receive = anyio.create_memory_object_stream[Sequence[Sample]](0)
        recording = asyncio.create_task(self._record(send), name=f"library of {self._device}")
        ended = False
        try:
            async with receive:
                async for batch in receive:
                    yield batch
            ended = True
        finally:
            with anyio.CancelScope(shield=True):
                await self._end(recording, politely=ended)
        raise self._failure(recording)

    async def _record(self, send: MemoryObjectSendStream[Sequence[Sample]]) -> None:
        """Take what the library delivers, until it ends or has lost the instrument."""
        self._opening = True
        async with AsyncExitStack() as stack:
            with send:
                recording = await open_recording(stack, self._settings, self._rate_hz)
                self.counters.summary = getattr(recording, "summary", None)
                self._batches.begin(self._clock.monotonic_ns())
                async for payload in payloads(stack, recording):
                    self._opening = False
                    self.counters.payloads += 1
                    batch = self._batches.take(payload, self._clock.stamp())
                    if batch:
                        await send.send(batch)
                    if self._batches.lost:
                        return

    async def _end(self, recording: asyncio.Task[None], *, politely: bool) -> None:
        """See to it that the library ends.

        Args:
            recording: Its task.
            politely: Whether it is already ending by itself.
        """
        for patience_s in CLOSING_S:
            if not politely:
                recording.cancel()
            politely = False
            await asyncio.wait((recording,), timeout=patience_s)
            if recording.done():
                return
        self._left_behind = recording
        recording.add_done_callback(_looked_at)
        self._log.error("%s: the library does not end its recording; it is left behind", self._device)

    def _failure(self, recording: asyncio.Task[None]) -> LinkError:
        """Why a recording has ended by itself."""
        if not recording.done():
            return LinkError("the library has ended its stream, and does not close", where=self._device)
        error = None if recording.cancelled() else recording.exception()
        if error is None:
            what = "the instrument is lost" if self._batches.lost else "the library has ended the recording"
            return LinkError(what, where=self._device)
        if is_permanent(error, opening=self._opening):
            self._resting_until_ns = self._clock.monotonic_ns() + round(PERMANENT_PAUSE_S * 1e9)
        return raised(error, self._device, opening=self._opening)


def _looked_at(task: asyncio.Task[None]) -> None:
    """Nobody will ask what became of it, and the event loop need not complain about that."""
    if not task.cancelled():
        task.exception()
