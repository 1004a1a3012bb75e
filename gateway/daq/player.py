"""Fills the buffers of an output device as they become free, until the source and its end are put out."""

from __future__ import annotations

import anyio
import numpy as np
from anyio import to_thread

from gateway.daq.back_end import Commitment
from gateway.daq.bridge import Bridge
from gateway.daq.buffer import Buffer
from gateway.daq.buffer_pool import BufferPool
from gateway.daq.errors import DaqIncompleteError
from gateway.daq.faults import ENDS, count_fault, fault
from gateway.daq.foreign_threads import INLINE_SAMPLES
from gateway.daq.messages import Message, MessageKind
from gateway.daq.output_gate import at_converter
from gateway.daq.playback import Playback, PlaybackEnd
from gateway.daq.playback_source import Chunk, ChunkFeed
from gateway.daq.policies import ErrorPolicy
from gateway.daq.session import DaqSession
from gateway.daq.timing import BufferPlan, SoftwareStart, Timing, WrapMode
from gateway.daq.watchdog import Watchdog
from gateway.streaming.bounded_stream import BoundedStream


class Player:
    """One run of an output device.

    Args:
        session: Its device, task and clock.
        timing: The task's.
        plan: The task's.
        commitment: What the device made of the task.
        feed: The source.
        summary: Counts.
        policy: What is done about errors.
        end: What the outputs do at the end.
        stall_after_blocks: Block periods of silence that are an error; None for no watch.
    """

    def __init__(
        self,
        session: DaqSession,
        timing: Timing,
        plan: BufferPlan,
        commitment: Commitment,
        *,
        feed: ChunkFeed,
        summary: Playback,
        policy: ErrorPolicy,
        end: PlaybackEnd,
        stall_after_blocks: float | None,
    ) -> None:
        task = session.task
        self._session = session
        self._channels = task.outputs
        self._encoding = commitment.encoding
        self._longest = plan.samples_per_buffer
        self._endless = plan.wrap_mode is WrapMode.SINGLE
        self._feed = feed
        self._summary = summary
        self._policy = policy
        self._end = end
        self._bridge = Bridge()
        self._pool = BufferPool(plan, len(task.channels), commitment.encoding.dtype, output=True)
        self._free = BoundedStream[Buffer](plan.buffers)
        self._last_scan = np.zeros(len(task.channels))
        self._put_out = 0
        self._complete = False
        self._watchdog = Watchdog(
            self._bridge,
            self._pool,
            session.clock,
            blocks=stall_after_blocks,
            block_period_ns=self._longest * 1e9 / (commitment.rate_hz or timing.rate_hz),
            armed=isinstance(task.trigger, SoftwareStart) and not (self._endless and session.capabilities.wrap_single),
        )

    async def start(self, seeds: list[Chunk]) -> None:
        """Fill the first buffers and start the device.

        Raises:
            DaqError: The driver refuses it.
        """
        first = list(self._pool.buffers[: len(seeds)])
        for buffer, chunk in zip(first, seeds, strict=True):
            self._summary.produced()
            await self._fill(buffer, chunk)
        for buffer in self._pool.buffers[len(seeds) :]:
            self._free.put_nowait(buffer)
        await self._session.lifecycle.bring_up(self._bridge.post, self._pool, first)

    async def run(self) -> None:
        """Feed the device until everything is put out.

        Raises:
            DaqError: Under RAISE any error; otherwise only those after which nothing can go on.
            Exception: What the source raises, or the gate about what it gives.
        """
        failure: list[Exception] = []
        async with anyio.create_task_group() as tasks:

            async def feed() -> None:
                try:
                    await self._feed_all()
                except Exception as error:  # noqa: BLE001 - raised below, outside the group
                    failure.append(error)
                    tasks.cancel_scope.cancel()

            tasks.start_soon(self._watchdog.run)
            if not self._endless:
                tasks.start_soon(feed)
            try:
                while not self._complete:
                    message = await self._bridge.receive()
                    self._watchdog.feed(message)
                    await self._take(message)
            except Exception as error:  # noqa: BLE001 - raised below, outside the group
                failure.append(error)
            tasks.cancel_scope.cancel()
        if failure:
            raise failure[0]

    async def stop(self) -> None:
        """Stop the device and leave the outputs as agreed; repeatable, not cancellable."""
        broken_off = not self._complete and self._end is PlaybackEnd.SAFE
        can_set = self._session.capabilities.single_value_output
        rest = None
        if broken_off and can_set:
            values = np.array([[channel.rest_value] for channel in self._channels])
            rest = at_converter(values, self._channels, self._encoding)[0]
        mute = broken_off and self._session.capabilities.mute
        await self._session.lifecycle.take_down(mute=mute, rest=rest)
        self._bridge.close()
        self._free.close()
        if not self._endless:
            self._summary.discard(self._summary.payloads_emitted - self._put_out)

    async def _take(self, message: Message) -> None:
        if message.kind is MessageKind.BUFFER_DONE and message.buffer is not None:
            self._buffer_done(message.buffer)
        elif message.kind in ENDS:
            if not self._complete:
                raise DaqIncompleteError("the device ended the playback by itself", where=self._session.device)
        elif error := fault(message, self._session.device):
            count_fault(message, self._summary)
            if self._policy is ErrorPolicy.RAISE or message.kind is MessageKind.DEVICE_REMOVED:
                raise error

    def _buffer_done(self, buffer: Buffer) -> None:
        self._pool.completed((buffer,))
        if buffer.last:
            self._complete = True
        elif self._endless:
            self._pool.filled(buffer)
            self._session.lifecycle.queue(buffer)
        else:
            self._put_out += 1
            self._summary.samples_produced += buffer.valid
            self._free.put_nowait(buffer)

    async def _feed_all(self) -> None:
        while True:
            buffer = await self._free.receive()
            chunk = await self._feed.next()
            if chunk is None:
                break
            self._summary.produced()
            await self._fill(buffer, chunk)
            if not self._pool.with_device:
                self._watchdog.restart()
            self._session.lifecycle.queue(buffer)
        await self._fill(buffer, self._closing_chunk())
        buffer.last = True
        self._session.lifecycle.queue(buffer)

    def _closing_chunk(self) -> Chunk:
        last = self._last_scan[:, np.newaxis]
        if self._end is PlaybackEnd.HOLD:
            return last
        rest = np.array([[channel.rest_value] for channel in self._channels])
        steps = np.arange(1, self._longest + 1) / self._longest
        ramp: Chunk = last + (rest - last) * steps
        ramp[:, -1:] = rest
        return ramp

    async def _fill(self, buffer: Buffer, chunk: Chunk) -> None:
        self._last_scan = chunk[:, -1]
        if chunk.size <= INLINE_SAMPLES:
            self._encode(buffer, chunk)
        else:
            await to_thread.run_sync(self._encode, buffer, chunk)
        self._pool.filled(buffer)

    def _encode(self, buffer: Buffer, chunk: Chunk) -> None:
        length = chunk.shape[1]
        buffer.samples[:length] = at_converter(chunk, self._channels, self._encoding)
        buffer.valid = length
