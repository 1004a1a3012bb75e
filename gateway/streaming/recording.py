"""`record`: a Recorder behind a bounded stream."""

from __future__ import annotations

import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

import anyio
from anyio import CancelScope

from gateway.errors import LinkError
from gateway.model.readings import ProtocolKind
from gateway.model.sample import Sample
from gateway.model.stamp import Clock
from gateway.ports import PollSource
from gateway.streaming.arguments import at_least_one
from gateway.streaming.bounded_stream import BoundedStream
from gateway.streaming.clock import SystemClock
from gateway.streaming.overflow import OverflowPolicy
from gateway.streaming.recorder import Recorder
from gateway.streaming.summary import AcquisitionSummary

_logger = logging.getLogger("gateway.streaming")

T = TypeVar("T")


@dataclass(slots=True)
class Recording(Generic[T]):
    """What `record` yields; every acquisition of the instrument family has this shape.

    Attributes:
        stream: Iterator of batches, one per slot.
        summary: Live counters.
        rate_hz: Nominal rate.
    """

    stream: AsyncIterator[T]
    summary: AcquisitionSummary
    rate_hz: float


def record(
    source: PollSource,
    *,
    rate_hz: float,
    duration: float | None = None,
    names: Sequence[str] | None = None,
    timeout: float | None = None,
    overflow: OverflowPolicy = OverflowPolicy.BLOCK,
    buffer_size: int = 64,
    auto_reconnect: bool = False,
    reconnect_factory: Callable[[], Awaitable[PollSource]] | None = None,
    reconnect_on: tuple[type[Exception], ...] = (LinkError,),
    max_attempts: int | None = None,
    uniform: Callable[[], float] = random.random,
    device: str | None = None,
    protocol: ProtocolKind | None = None,
    clock: Clock | None = None,
) -> AbstractAsyncContextManager[Recording[Sequence[Sample]]]:
    """Record polled Samples into a bounded stream on an absolute schedule.

    ```
    async with record(analyser, rate_hz=2, duration=10) as recording:
        async for batch in recording.stream:
            ...
    ```
    The schedule starts when the context is entered. When the recording ends with an error, the consumer first reads
    what is buffered and then gets that error from the stream; if it reads no further, leaving the context raises it.
    Batches unread when the context is left count as dropped. Closing the stream ends the recording.

    Args:
        source: What is polled; see `Recorder` for this and for all arguments not named here.
        rate_hz: Slots per second.
        duration: Seconds, None until the context is left.
        names: Passed to `poll_samples`.
        timeout: Passed to `poll_samples`, seconds.
        overflow: What is done when the buffer is full.
        buffer_size: Capacity in batches.
        auto_reconnect: Ride through lost links.
        reconnect_factory: Builds a replacement source.
        reconnect_on: Error types that mean the link is lost.
        max_attempts: Attempts per outage.
        uniform: Random numbers for the back-off.
        device: Named in error Samples.
        protocol: Named in error Samples.
        clock: Time.

    Raises:
        ValueError: On the call itself: an argument is not a finite number in its range; the message names it.
    """
    at_least_one("buffer_size", buffer_size)
    if not isinstance(overflow, OverflowPolicy):
        raise ValueError(f"overflow must be an OverflowPolicy, got {overflow!r}")  # noqa: TRY004
    clock = SystemClock() if clock is None else clock
    recorder = Recorder(
        source,
        rate_hz=rate_hz,
        duration=duration,
        names=names,
        timeout=timeout,
        auto_reconnect=auto_reconnect,
        reconnect_factory=reconnect_factory,
        reconnect_on=reconnect_on,
        max_attempts=max_attempts,
        uniform=uniform,
        device=device,
        protocol=protocol,
        clock=clock,
    )
    return _recording(recorder, buffer_size, overflow, clock)


@asynccontextmanager
async def _recording(
    recorder: Recorder, buffer_size: int, overflow: OverflowPolicy, clock: Clock
) -> AsyncIterator[Recording[Sequence[Sample]]]:
    summary = recorder.summary
    producing = CancelScope()
    stream = BoundedStream[Sequence[Sample]](buffer_size, overflow, on_drop=summary.discard, on_close=producing.cancel)

    async def produce() -> None:
        try:
            with producing:
                await recorder.run(stream.put_nowait, room=stream.wait_for_room)
        except Exception as error:  # noqa: BLE001 - handed to the consumer
            stream.finish(error)
        else:
            stream.finish()

    recorder.start()
    _logger.info("recording at %s Hz, buffer %d, %s", recorder.rate_hz, buffer_size, overflow.value)
    body_error: Exception | None = None
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(produce)
            try:
                yield Recording(stream, summary, recorder.rate_hz)
            except Exception as error:  # noqa: BLE001 - raised below, outside the group
                body_error = error
            producing.cancel()
    finally:
        stream.close()
        summary.finished_at = clock.stamp().utc
        _logger.info(
            "recorded %d of %d slots, %d dropped, %d late, %d with errors",
            summary.samples_emitted,
            summary.scheduled,
            summary.samples_dropped,
            summary.samples_late,
            summary.errors,
        )
    if body_error is not None:
        raise body_error
    if stream.unseen_error is not None:
        raise stream.unseen_error
