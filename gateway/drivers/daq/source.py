"""A data acquisition device as a source of batches, and the one who carries out its actions."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Sequence

import anyio
from anyio import to_thread
from anyio.abc import TaskGroup
from anyio.streams.memory import MemoryObjectSendStream

from gateway.daq import DaqBlock, ErrorPolicy, OverflowPolicy
from gateway.daq.back_end import BackEnd
from gateway.daq.errors import DaqBufferOverrunError, DaqError
from gateway.daq.record import record
from gateway.daq.record_polled import record_polled
from gateway.daq.session import open_device
from gateway.drivers.daq.back_ends import make_back_ends
from gateway.drivers.daq.block_samples import INLINE_VALUES, BlockSamples, SampleMaker, reading_batch
from gateway.drivers.daq.counters import DaqCounters
from gateway.drivers.daq.player import Player
from gateway.drivers.daq.settings import DaqSettings
from gateway.drivers.daq.tasks import input_task
from gateway.errors import GatewayError, LinkError
from gateway.model.actions import ArgumentValue
from gateway.model.reopen_pause import ReopenPause
from gateway.model.sample import Sample
from gateway.model.stamp import Clock

Batch = Sequence[Sample]

NEWS_S = 1.0
"""How often the progress of a playback is told where blocks come more seldom, or not at all."""


class DaqSource:
    """A `LocalSource` and an `ActionExecutor`.

    Each opening makes its back ends anew. An opening that fails is followed by pauses that grow to 5 s, whatever the
    pace of the blocks.

    Args:
        device: Name of the analyser.
        settings: Of the device.
        rate_hz: Readings per second, where it is polled.
        clock: Time.
    """

    def __init__(self, device: str, settings: DaqSettings, rate_hz: float, clock: Clock) -> None:
        self._device = device
        self._settings = settings
        self._rate_hz = rate_hz
        self._clock = clock
        self._make = SampleMaker(device)
        self._blocks = BlockSamples(self._make, settings)
        self._player = Player(device, settings, self._make, clock)
        self._pause = ReopenPause()
        self._failed = False
        self._has_lost = False
        self._log = logging.getLogger(f"gateway.analyser.{device}")
        self.counters = DaqCounters()

    async def batches(self) -> AsyncGenerator[Batch, None]:
        """Open the device, and yield a batch per block or reading.

        Raises:
            LinkError: The device is gone, cannot be opened, or has failed; it is closed.
        """
        if self._failed:
            await self._clock.sleep_until(self._clock.monotonic_ns() + self._pause.next_ns())
        self._failed = True
        failure: list[Exception] = []
        send, receive = anyio.create_memory_object_stream[Batch](0)
        async with receive, anyio.create_task_group() as tasks:
            tasks.start_soon(self._serve, send, failure)
            try:
                async for batch in receive:
                    self._failed = False
                    self._pause.reset()
                    yield batch
            except GeneratorExit:
                pass  # the group would wrap it; what follows is the same as after the last batch
            tasks.cancel_scope.cancel()
        if failure:
            raise failure[0] if isinstance(failure[0], LinkError) else _lost(failure[0], self._device)

    async def perform(self, action: str, arguments: Sequence[ArgumentValue]) -> str:
        """See `ActionExecutor.perform`."""
        return await self._player.perform(action, arguments)

    async def leftovers(self) -> Sequence[str]:
        """Nothing is ever left over: what is played ends with the gateway."""
        return ()

    async def _serve(self, send: MemoryObjectSendStream[Batch], failure: list[Exception]) -> None:
        """Acquire, and play what is asked for, until the device fails or has nothing more to give."""
        async with send:
            back_ends = make_back_ends(self._settings)
            async with anyio.create_task_group() as tasks:
                try:
                    async with self._player.ready(back_ends.output, tasks, self.counters):
                        await self._acquire(back_ends.input, send, tasks)
                except (GatewayError, OSError) as error:
                    failure.append(error)
                tasks.cancel_scope.cancel()

    async def _acquire(self, back_end: BackEnd, send: MemoryObjectSendStream[Batch], tasks: TaskGroup) -> None:
        if not self._settings.inputs:
            await self._tell_news(send, steadily=True)
            return
        task = input_task(self._device, self._settings)
        polled = self._settings.mode == "polled"
        session = await open_device(task, back_end=back_end, device=self._device, autostart=polled, clock=self._clock)
        async with session:
            if polled:
                async with record_polled(session, rate_hz=self._rate_hz, error_policy=ErrorPolicy.RETURN) as readings:
                    self.counters.recording(readings.summary)
                    async for reading in readings.stream:
                        await send.send(reading_batch(self._make, reading))
                return
            buffers = self._settings.buffers
            if self._settings.block_s > NEWS_S and self._settings.outputs:
                tasks.start_soon(self._tell_news, send.clone())
            async with record(
                session,
                stream_buffer_size=buffers,
                error_policy=ErrorPolicy.RETURN,
                overflow=OverflowPolicy.DROP_OLDEST,
            ) as blocks:
                self.counters.recording(blocks.summary)
                async for block in blocks.stream:
                    if isinstance(block.error, DaqBufferOverrunError):
                        self._note_loss(block.error)
                    elif block.error is not None:
                        await send.send([self._make.error(block.error, (block.t_mono_ns, block.t_utc))])
                    else:
                        await send.send([*await self._batch(block), *self._player.news()])

    def _note_loss(self, error: DaqBufferOverrunError) -> None:
        """Say once that samples are lost. The device can be read all the same: the next block says `Discontinuity`."""
        level = logging.DEBUG if self._has_lost else logging.WARNING
        self._has_lost = True
        self._log.log(level, "%s; Block/Discontinuity and Diagnostics/Overruns tell of each", error)

    async def _batch(self, block: DaqBlock) -> Batch:
        if block.data.size > INLINE_VALUES:
            statistics = await to_thread.run_sync(self._blocks.statistics, block, abandon_on_cancel=True)
        else:
            statistics = self._blocks.statistics(block)
        return self._blocks.batch(block, statistics)

    async def _tell_news(self, send: MemoryObjectSendStream[Batch], *, steadily: bool = False) -> None:
        """Tell how a playback goes; `steadily` also when nothing is new, for a silent device would be opened anew."""
        async with send:
            while True:
                if news := self._player.news(whole=steadily):
                    await send.send(news)
                await self._clock.sleep_until(self._clock.monotonic_ns() + round(NEWS_S * 1e9))


def _lost(error: Exception, device: str) -> LinkError:
    """An error of the device, of whatever kind: it is closed now, and will be opened again."""
    if isinstance(error, DaqError | GatewayError):
        lost = LinkError(error.what, where=error.where or device, hint=error.hint)
    else:
        lost = LinkError(str(error), where=device)
    lost.__cause__ = error
    return lost
