"""Sessions over the two kinds of source, each with a bounded buffer whose losses are counted."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.model.readings import ProtocolKind
from gateway.model.sample import Sample
from gateway.model.stamp import Clock
from gateway.ports import BroadcastSource, PollSource
from gateway.streaming.arguments import positive
from gateway.streaming.bounded_stream import BoundedStream
from gateway.streaming.overflow import OverflowPolicy
from gateway.streaming.recording import record
from gateway.streaming.stream_session import StreamingSession, StreamMode


def poll_session(
    source: PollSource,
    *,
    rate_hz: float = 1.0,
    names: Sequence[str] | None = None,
    timeout: float | None = None,
    overflow: OverflowPolicy = OverflowPolicy.BLOCK,
    buffer_size: int = 256,
    clock: Clock | None = None,
) -> StreamingSession:
    """A session that polls on a schedule from entering to closing.

    Args:
        source: What is polled.
        rate_hz: Sweeps per second.
        names: Passed to `poll_samples`.
        timeout: Passed to `poll_samples`, seconds.
        overflow: What is done when the buffer is full.
        buffer_size: Capacity in Samples.
        clock: Time; by default the machine's.

    Raises:
        ValueError: An argument is not a finite number in its range.
    """
    positive("rate_hz", rate_hz)
    stream = BoundedStream[Sample](buffer_size, overflow)

    async def produce() -> None:
        polling = record(source, rate_hz=rate_hz, names=names, timeout=timeout, buffer_size=1, clock=clock)
        async with polling as recording:
            async for batch in recording.stream:
                for sample in batch:
                    await stream.put(sample)

    return StreamingSession(stream, mode=StreamMode.POLL, producer=produce, clock=clock)


def broadcast_session(
    source: BroadcastSource,
    *,
    device: str,
    protocol: ProtocolKind = ProtocolKind.CONTINUOUS,
    overflow: OverflowPolicy = OverflowPolicy.DROP_OLDEST,
    buffer_size: int = 256,
    clock: Clock | None = None,
) -> StreamingSession:
    """A session that listens from entering to closing; a lost line gives one error Sample and then the end.

    Args:
        source: What is listened to. The session opens its wire.
        device: Name for the error Sample of a line that is lost before the first frame.
        protocol: The same for the protocol.
        overflow: What is done when the buffer is full. An instrument does not wait, so BLOCK only moves the loss into
            the operating system's buffer.
        buffer_size: Capacity in Samples.
        clock: Time; by default the machine's.

    Raises:
        ValueError: `buffer_size` is no whole number of at least 1.
    """
    stream = BoundedStream[Sample](buffer_size, overflow)

    async def produce() -> None:
        async for batch in source.batches():
            for sample in batch:
                await stream.put(sample)

    return StreamingSession(
        stream, mode=StreamMode.AUTOPRINT, producer=produce, device=device, protocol=protocol, clock=clock
    )
