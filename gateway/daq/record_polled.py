"""`record_polled`: single values at a software rate, for devices or channels without a hardware clock."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeVar, overload

import anyio

from gateway.daq.manager import DaqManager
from gateway.daq.outcome import Outcome
from gateway.daq.policies import ErrorPolicy
from gateway.daq.polled import DevicePoll, DevicesPoll, PolledDevice, Results
from gateway.daq.poller import Poller
from gateway.daq.reading import DaqReading
from gateway.daq.recording import Recording
from gateway.daq.summary import AcquisitionSummary
from gateway.model.stamp import Clock
from gateway.streaming.arguments import at_least_one, positive
from gateway.streaming.bounded_stream import BoundedStream
from gateway.streaming.clock import SystemClock
from gateway.streaming.overflow import OverflowPolicy

_logger = logging.getLogger("gateway.daq")

T = TypeVar("T")


@overload
def record_polled(
    source: DaqManager,
    *,
    rate_hz: float,
    error_policy: ErrorPolicy = ErrorPolicy.RAISE,
    overflow: OverflowPolicy = OverflowPolicy.BLOCK,
    buffer_size: int = 64,
    clock: Clock | None = None,
) -> AbstractAsyncContextManager[Recording[Results]]: ...
@overload
def record_polled(
    source: PolledDevice,
    *,
    rate_hz: float,
    error_policy: ErrorPolicy = ErrorPolicy.RAISE,
    overflow: OverflowPolicy = OverflowPolicy.BLOCK,
    buffer_size: int = 64,
    clock: Clock | None = None,
) -> AbstractAsyncContextManager[Recording[DaqReading]]: ...
def record_polled(
    source: DaqManager | PolledDevice,
    *,
    rate_hz: float,
    error_policy: ErrorPolicy = ErrorPolicy.RAISE,
    overflow: OverflowPolicy = OverflowPolicy.BLOCK,
    buffer_size: int = 64,
    clock: Clock | None = None,
) -> AbstractAsyncContextManager[Recording[Results]] | AbstractAsyncContextManager[Recording[DaqReading]]:
    """Poll on an absolute schedule, from entering to leaving; ticks that are missed count as `ticks_late`.

    Under RAISE an error cancels the body and leaves the context bare, as in `record`.

    Args:
        source: A session, which gives one reading per tick, or a manager, which gives a mapping of results.
        rate_hz: Ticks per second.
        error_policy: What is done about an error of the device. A fault of a program always ends it.
        overflow: What is done when the stream is full. With BLOCK no reading is lost; ticks become late instead.
        buffer_size: Capacity in payloads.
        clock: Time; by default the session's, or the machine's.

    Raises:
        ValueError: On the call itself: an argument is not a finite number in its range; the message names it.
        DaqError: On leaving: see above.
    """
    positive("rate_hz", rate_hz)
    at_least_one("buffer_size", buffer_size)
    policy, overflow = ErrorPolicy(error_policy), OverflowPolicy(overflow)
    own_clock: Clock = clock or getattr(source, "clock", None) or SystemClock()
    summary = AcquisitionSummary(own_clock.stamp().utc)
    if isinstance(source, DaqManager):
        return _polled(DevicesPoll(source, policy, summary), rate_hz, policy, overflow, buffer_size, own_clock, summary)
    poll = DevicePoll(source, policy, summary, own_clock)
    return _polled(poll, rate_hz, policy, overflow, buffer_size, own_clock, summary)


@asynccontextmanager
async def _polled(
    ask: Callable[[], Awaitable[T | None]],
    rate_hz: float,
    policy: ErrorPolicy,
    overflow: OverflowPolicy,
    buffer_size: int,
    clock: Clock,
    summary: AcquisitionSummary,
) -> AsyncIterator[Recording[T]]:
    stream = BoundedStream[T](buffer_size, overflow, on_drop=summary.discard)
    outcome = Outcome()
    summary.started_at = clock.stamp().utc
    poller = Poller(ask, rate_hz, stream=stream, summary=summary, clock=clock)

    async def produce() -> None:
        try:
            await poller.run()
        except Exception as error:  # noqa: BLE001 - raised when the context is left
            outcome.failure = error
            stream.finish(error)
            if policy is ErrorPolicy.RAISE:
                tasks.cancel_scope.cancel()
        finally:
            summary.producer_ended_at = clock.stamp().utc

    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(produce)
            with outcome.of_the_body():
                yield Recording(stream, summary, rate_hz)
            tasks.cancel_scope.cancel()
    finally:
        stream.close()
        summary.finished_at = clock.stamp().utc
        _logger.info(
            "%d polls, %d late, %d errors", summary.payloads_produced, summary.ticks_late, summary.errors_observed
        )
    outcome.settle(told=policy is not ErrorPolicy.RAISE and stream.unseen_error is None)
