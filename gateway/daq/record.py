"""`record`: hardware-clocked blocks into a bounded stream."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import anyio

from gateway.daq.acquisition import Acquisition
from gateway.daq.block import DaqBlock
from gateway.daq.block_file import open_writer
from gateway.daq.errors import DaqTaskStateError
from gateway.daq.outcome import Outcome
from gateway.daq.policies import ErrorPolicy
from gateway.daq.recording import Recording
from gateway.daq.session import DaqSession
from gateway.daq.summary import AcquisitionSummary
from gateway.daq.task import DataFlow
from gateway.daq.timing import BufferPlan, Timing
from gateway.streaming.arguments import at_least_one, positive
from gateway.streaming.bounded_stream import BoundedStream
from gateway.streaming.overflow import OverflowPolicy

_logger = logging.getLogger("gateway.daq")


def record(
    session: DaqSession,
    *,
    timeout: float = 10.0,
    stream_buffer_size: int = 16,
    error_policy: ErrorPolicy = ErrorPolicy.RAISE,
    overflow: OverflowPolicy = OverflowPolicy.DROP_OLDEST,
    stall_after_blocks: float | None = 8.0,
) -> AbstractAsyncContextManager[Recording[DaqBlock]]:
    """Record what a device takes by its own clock.

    The device is started on entering and stopped on leaving, or as soon as a FINITE task is complete, and it has been
    stopped before an error is raised. A session can record again afterwards, from sample 0.

    Under RAISE an error of the device cancels the body and leaves the context bare, never in a group; its `__cause__`
    is the body's own error, if any. Under RETURN and SKIP what ends the recording all the same (see `ErrorPolicy`)
    is raised by the stream after everything buffered has been read, and by leaving the context if the stream was not
    read that far. Leaving never waits for a consumer; what is unread then counts as dropped.

    Args:
        session: Opened with `autostart=False`, for a CONTINUOUS or FINITE input task.
        timeout: Seconds that each call into the driver may take, on the way up and on the way down.
        stream_buffer_size: Capacity in blocks.
        error_policy: What is done about errors of the device.
        overflow: What is done when the stream is full. A hardware clock does not wait, so with BLOCK the loss happens
            in the device, as an overrun.
        stall_after_blocks: Block periods of silence, at least 1 s in all, that are an error; None for no watch.

    Raises:
        ValueError: On the call itself: an argument is not in its range.
        DaqTaskStateError: The task is of another kind, or the session is in use.
        DaqError: On entering: the driver refuses to start. On leaving: see above.
    """
    positive("timeout", timeout)
    at_least_one("stream_buffer_size", stream_buffer_size)
    if stall_after_blocks is not None:
        positive("stall_after_blocks", stall_after_blocks)
    policy, overflow = ErrorPolicy(error_policy), OverflowPolicy(overflow)
    return _record(session, timeout, stream_buffer_size, policy, overflow, stall_after_blocks)


@asynccontextmanager
async def _record(
    session: DaqSession,
    timeout: float,
    stream_buffer_size: int,
    policy: ErrorPolicy,
    overflow: OverflowPolicy,
    stall_after_blocks: float | None,
) -> AsyncIterator[Recording[DaqBlock]]:
    timing, plan = _clocked_input(session)
    task, clock, lifecycle = session.task, session.clock, session.lifecycle
    with session.claimed():
        lifecycle.timeout = timeout
        commitment = await lifecycle.commit()
        writer = await open_writer(task, session.device, commitment.rate_hz or timing.rate_hz)
        summary = AcquisitionSummary(clock.stamp().utc)
        stream = BoundedStream[DaqBlock](stream_buffer_size, overflow, on_drop=summary.discard)
        outcome = Outcome()
        acquisition = Acquisition(
            session,
            timing,
            plan,
            commitment,
            stream=stream,
            summary=summary,
            policy=policy,
            stall_after_blocks=stall_after_blocks,
            writer=writer,
        )

        async def produce() -> None:
            try:
                await acquisition.run()
            except Exception as error:  # noqa: BLE001 - raised when the context is left
                outcome.failure = error
            summary.producer_ended_at = clock.stamp().utc
            if outcome.failure is not None and policy is ErrorPolicy.RAISE:
                tasks.cancel_scope.cancel()
                return
            await lifecycle.take_down()
            stream.finish(outcome.failure)

        try:
            await acquisition.start()
            _logger.info("%s: recording at %g Hz", session.device, commitment.rate_hz or timing.rate_hz)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(produce)
                with outcome.of_the_body():
                    yield Recording(stream, summary, commitment.rate_hz or timing.rate_hz)
                tasks.cancel_scope.cancel()
        finally:
            stream.close()
            await lifecycle.take_down()
            await acquisition.aclose()
            summary.finished_at = clock.stamp().utc
            _logger.info(
                "%s: %d blocks, %d dropped, %d errors, %d overruns",
                session.device,
                summary.payloads_produced,
                summary.payloads_dropped,
                summary.errors_observed,
                summary.overruns_observed,
            )
    outcome.settle(told=policy is not ErrorPolicy.RAISE and stream.unseen_error is None)


def _clocked_input(session: DaqSession) -> tuple[Timing, BufferPlan]:
    task = session.task
    if task.is_output:
        raise DaqTaskStateError("outputs are not recorded", where=session.device, hint="use play")
    if task.data_flow not in (DataFlow.CONTINUOUS, DataFlow.FINITE) or task.timing is None or task.buffers is None:
        raise DaqTaskStateError(
            f"a {task.data_flow} task has no hardware clock", where=session.device, hint="use record_polled"
        )
    return task.timing, task.buffers
