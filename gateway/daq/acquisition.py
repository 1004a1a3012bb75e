"""Turns the messages of an input device into blocks, until the task's end or an error that ends it."""

from __future__ import annotations

import logging

import anyio
from anyio import CancelScope, to_thread

from gateway.daq.back_end import Commitment
from gateway.daq.block import DaqBlock
from gateway.daq.block_builder import BlockBuilder
from gateway.daq.block_file import BlockWriter
from gateway.daq.bridge import Bridge
from gateway.daq.buffer import Buffer
from gateway.daq.buffer_pool import BufferPool
from gateway.daq.decoding import Decoded, Decoder
from gateway.daq.errors import DaqError, DaqIncompleteError, DaqLoggingError
from gateway.daq.faults import ENDS, LOSSES, count_fault, fault
from gateway.daq.foreign_threads import INLINE_SAMPLES
from gateway.daq.messages import Message, MessageKind
from gateway.daq.policies import ErrorPolicy
from gateway.daq.session import DaqSession
from gateway.daq.summary import AcquisitionSummary
from gateway.daq.timing import BufferPlan, SoftwareStart, Timing
from gateway.daq.watchdog import Watchdog
from gateway.streaming.bounded_stream import BoundedStream

_logger = logging.getLogger("gateway.daq")


class Acquisition:
    """One run of an input device.

    Args:
        session: Its device, task and clock.
        timing: The task's.
        plan: The task's.
        commitment: What the device made of the task.
        stream: Where the blocks go.
        summary: Counts.
        policy: What is done about errors.
        stall_after_blocks: Block periods of silence that are an error; None for no watch.
        writer: Where the blocks go as well, if the task wants it.
    """

    def __init__(
        self,
        session: DaqSession,
        timing: Timing,
        plan: BufferPlan,
        commitment: Commitment,
        *,
        stream: BoundedStream[DaqBlock],
        summary: AcquisitionSummary,
        policy: ErrorPolicy,
        stall_after_blocks: float | None,
        writer: BlockWriter | None,
    ) -> None:
        task, clock = session.task, session.clock
        rate_hz = commitment.rate_hz or timing.rate_hz
        self._session = session
        self._plan = plan
        self._length = timing.samples_per_channel
        self._stream = stream
        self._summary = summary
        self._policy = policy
        self._writer = writer
        self._writes = writer is not None
        self._bridge = Bridge()
        self._pool = BufferPool(plan, len(task.channels), commitment.encoding.dtype, output=False)
        self._decoder = Decoder(task.inputs, commitment.encoding, keep_raw_codes=task.keep_raw_codes)
        self._builder = BlockBuilder(
            session.device,
            task.name,
            self._decoder,
            requested_hz=timing.rate_hz,
            granted_hz=rate_hz,
            clock=clock,
            summary=summary,
        )
        self._watchdog = Watchdog(
            self._bridge,
            self._pool,
            clock,
            blocks=stall_after_blocks,
            block_period_ns=plan.samples_per_buffer * 1e9 / rate_hz,
            armed=isinstance(task.trigger, SoftwareStart),
        )

    async def start(self) -> None:
        """Start the device.

        Raises:
            DaqError: The driver refuses it.
        """
        await self._session.lifecycle.bring_up(self._bridge.post, self._pool, self._pool.buffers)

    async def run(self) -> None:
        """Deliver blocks until the task's end.

        Raises:
            DaqError: Under RAISE any error; otherwise only those after which nothing can come.
            Exception: A channel's `linearise` is at fault.
        """
        failure: Exception | None = None
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._watchdog.run)
            try:
                while self._missing != 0:
                    message = await self._bridge.receive()
                    self._watchdog.feed(message)
                    if message.kind is MessageKind.BUFFER_DONE:
                        await self._buffer_done(message)
                    elif message.kind in ENDS:
                        self._check_length()
                        break
                    else:
                        await self._fault(message)
            except Exception as error:  # noqa: BLE001 - raised below, outside the group
                failure = error
            tasks.cancel_scope.cancel()
        if failure is not None:
            raise failure

    async def aclose(self) -> None:
        """Pass over what the device still says, and complete the file; not cancellable. The device has been stopped."""
        self._bridge.close()
        if self._writer is None:
            return
        with CancelScope(shield=True):
            try:
                await to_thread.run_sync(self._writer.close)
            except OSError as error:
                _logger.warning("%s is not complete: %s", self._writer.path, error)

    @property
    def _missing(self) -> int | None:
        """Samples per channel that a FINITE task still has to deliver."""
        if self._length is None:
            return None
        return max(0, self._length - self._builder.next_sample)

    def _check_length(self) -> None:
        if self._missing:
            what = f"it ended after {self._builder.next_sample} of {self._length} samples"
            raise DaqIncompleteError(what, where=self._session.device)

    async def _buffer_done(self, message: Message) -> None:
        picked_up = self._session.clock.stamp()
        buffer = message.buffer
        assert buffer is not None  # noqa: S101 - so says Message
        self._pool.completed((buffer,))
        missing, taken = self._missing, buffer.valid
        if taken == 0 or missing == 0:
            self._recycle(buffer, missing)
            return
        decoded = await self._decode(buffer, taken if missing is None else min(taken, missing))
        self._recycle(buffer, None if missing is None else missing - taken)
        block = self._builder.block(decoded, taken, message.monotonic_ns, picked_up)
        await self._log(block)
        await self._deliver(block)

    async def _decode(self, buffer: Buffer, length: int) -> Decoded:
        codes = buffer.samples[:length]
        if codes.size <= INLINE_SAMPLES and not self._decoder.is_linearised:
            return self._decoder.decode(codes)
        return await to_thread.run_sync(self._decoder.decode, codes, abandon_on_cancel=True)

    def _recycle(self, buffer: Buffer, missing: int | None) -> None:
        if missing is None or missing > self._pool.with_device * self._plan.samples_per_buffer:
            self._session.lifecycle.queue(buffer)

    async def _deliver(self, block: DaqBlock) -> None:
        self._summary.produced()
        try:
            await self._stream.wait_for_room()
        except BaseException:
            self._summary.discard(1)
            raise
        self._stream.put_nowait(block)

    async def _log(self, block: DaqBlock) -> None:
        if self._writer is None or not self._writes:
            return
        try:
            await to_thread.run_sync(self._writer.write, block)
        except OSError as error:
            self._writes = False
            self._summary.errors_observed += 1
            problem = DaqLoggingError(str(error), where=str(self._writer.path), hint="nothing more is written to it")
            _logger.warning("%s", problem)
            await self._apply_policy(problem, self._session.clock.monotonic_ns())

    async def _fault(self, message: Message) -> None:
        error = fault(message, self._session.device)
        if error is None:
            return
        count_fault(message, self._summary)
        if message.kind in LOSSES or message.kind is MessageKind.STALLED:
            self._builder.lose(message.lost)
        await self._apply_policy(error, message.monotonic_ns)
        if message.kind is MessageKind.DEVICE_REMOVED:
            raise error

    async def _apply_policy(self, error: DaqError, monotonic_ns: int) -> None:
        if self._policy is ErrorPolicy.RAISE:
            raise error
        if self._policy is ErrorPolicy.RETURN:
            await self._deliver(self._builder.error_block(error, monotonic_ns))
