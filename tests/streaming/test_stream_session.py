from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence

import anyio
import pytest

from gateway.errors import DeviceTimeoutError, LinkError
from gateway.model.readings import ProtocolKind
from gateway.streaming import OverflowPolicy, Sample, StreamingSession, StreamMode
from gateway.streaming.bounded_stream import BoundedStream
from gateway.streaming.open_session import broadcast_session, poll_session
from gateway.testing.scripted_source import ScriptedSource
from gateway.testing.virtual_clock import VirtualClock


async def good(clock: VirtualClock) -> Sample:
    (sample,) = await ScriptedSource(clock, device="A").poll_samples()
    return sample


class Broadcaster:
    """Talks ten times a second until the line fails."""

    def __init__(self, clock: VirtualClock, frames: int, failure: Exception | None) -> None:
        self._clock = clock
        self._frames = frames
        self._failure = failure

    async def batches(self) -> AsyncIterator[Sequence[Sample]]:
        for _ in range(self._frames):
            await self._clock.sleep(0.1)
            yield (await good(self._clock),)
        if self._failure is not None:
            raise self._failure


class Hanging:
    """Never answers."""

    async def poll_samples(self, **_: object) -> Sequence[Sample]:
        await anyio.sleep_forever()
        raise AssertionError


async def test_polls_and_flattens(clock: VirtualClock) -> None:
    source = ScriptedSource(clock)
    stamps = []
    async with poll_session(source, rate_hz=10, clock=clock) as session:
        assert session.mode is StreamMode.POLL
        async for sample in session:
            stamps.append(sample.monotonic_ns)
            if len(stamps) == 5:
                break
    assert stamps == [slot * 100_000_000 for slot in range(5)]
    polls = len(source.polled_ns)
    await clock.sleep(10)
    assert len(source.polled_ns) == polls


@pytest.mark.parametrize("build", [lambda clock: poll_session(ScriptedSource(clock), clock=clock), None])
async def test_row_18_a_poll_session_that_was_not_entered_says_so(
    clock: VirtualClock, build: Callable[[VirtualClock], StreamingSession] | None
) -> None:
    session = build(clock) if build else StreamingSession(BoundedStream[Sample](1), mode=StreamMode.POLL)
    with pytest.raises(RuntimeError, match="async with"):
        await anext(session)


async def test_row_16_session_buffers_are_bounded_and_count(clock: VirtualClock) -> None:
    session = poll_session(
        ScriptedSource(clock), rate_hz=10, overflow=OverflowPolicy.DROP_OLDEST, buffer_size=4, clock=clock
    )
    async with session:
        await clock.sleep(2.05)
        assert session.dropped == 17
        assert (await anext(session)).monotonic_ns == 1_700_000_000


async def test_row_14_a_lost_line_is_an_error_sample_and_then_the_end(clock: VirtualClock) -> None:
    lost = LinkError("cable pulled")
    async with broadcast_session(Broadcaster(clock, 3, lost), device="A", clock=clock) as session:
        assert session.mode is StreamMode.AUTOPRINT
        samples = [sample async for sample in session]
        with pytest.raises(StopAsyncIteration):
            await anext(session)
    assert [sample.error for sample in samples] == [None, None, None, lost]
    assert (samples[3].device, samples[3].protocol) == ("A", ProtocolKind.MODBUS_TCP)
    assert samples[3].monotonic_ns == 300_000_000


async def test_row_14_a_line_lost_before_the_first_frame(clock: VirtualClock) -> None:
    async with broadcast_session(Broadcaster(clock, 0, LinkError("no port")), device="B", clock=clock) as session:
        (sample,) = [sample async for sample in session]
    assert (sample.device, sample.protocol) == ("B", ProtocolKind.CONTINUOUS)


async def test_row_14_passive_subscribers_are_told_of_a_lost_line_too(clock: VirtualClock) -> None:
    stream = BoundedStream[Sample](8)
    session = StreamingSession(stream, mode=StreamMode.AUTOPRINT, clock=clock)
    stream.put_nowait(await good(clock))
    stream.finish(LinkError("gone"))
    assert [sample.error is None async for sample in session] == [True, False]


async def test_a_broadcast_that_ends_by_itself_ends_the_session(clock: VirtualClock) -> None:
    async with broadcast_session(Broadcaster(clock, 3, None), device="A", clock=clock) as session:
        assert len([sample async for sample in session]) == 3


@pytest.mark.parametrize("error", [LinkError("gone"), KeyError("driver")])
async def test_row_17_a_polls_error_comes_ungrouped_after_the_buffered_samples(
    clock: VirtualClock, error: Exception
) -> None:
    source = ScriptedSource(clock, lambda poll: error if poll == 3 else 0.0)
    got = 0
    with pytest.raises(type(error)) as caught:
        async with poll_session(source, rate_hz=10, clock=clock) as session:
            await clock.sleep(5)
            async for _ in session:
                got += 1
    assert caught.value is error
    assert got == 3


async def test_an_error_nobody_read_is_raised_on_leaving(clock: VirtualClock) -> None:
    with pytest.raises(KeyError, match="driver"):
        async with poll_session(ScriptedSource(clock, lambda _: KeyError("driver")), rate_hz=10, clock=clock):
            await clock.sleep(1)


async def test_an_error_of_the_body_comes_out_as_itself(clock: VirtualClock) -> None:
    with pytest.raises(ValueError, match="body"):
        async with poll_session(ScriptedSource(clock), rate_hz=10, clock=clock):
            raise ValueError("body")


async def test_failed_polls_are_error_samples_of_the_session(clock: VirtualClock) -> None:
    source = ScriptedSource(clock, lambda poll: DeviceTimeoutError("silent") if poll == 0 else 0.0)
    async with poll_session(source, rate_hz=10, clock=clock) as session:
        assert isinstance((await anext(session)).error, DeviceTimeoutError)
        assert (await anext(session)).error is None


async def test_closing_is_repeatable_and_unsubscribes_once(clock: VirtualClock) -> None:
    closed: list[bool] = []
    session = StreamingSession(
        BoundedStream[Sample](1), mode=StreamMode.AUTOPRINT, on_close=lambda: closed.append(True), clock=clock
    )
    async with session:
        await session.aclose()
    await session.aclose()
    assert closed == [True]
    with pytest.raises(StopAsyncIteration):
        await anext(session)
    with pytest.raises(RuntimeError, match="once"):
        await session.__aenter__()


class Deaf:
    """A receiver whose closing wakes nobody, as older anyio streams."""

    async def receive(self) -> Sample:
        await anyio.sleep_forever()
        raise AssertionError

    def receive_nowait(self) -> Sample:
        raise anyio.WouldBlock

    async def aclose(self) -> None:
        pass


async def test_closing_from_another_task_ends_a_waiting_consumer(clock: VirtualClock) -> None:
    async def close_once_it_waits(session: StreamingSession) -> None:
        await anyio.wait_all_tasks_blocked()
        await session.aclose()

    send, receive = anyio.create_memory_object_stream[Sample](1)
    sessions = [
        poll_session(Hanging(), clock=clock),
        StreamingSession(receive, mode=StreamMode.AUTOPRINT, producer=anyio.sleep_forever, clock=clock),
        StreamingSession(BoundedStream[Sample](1), mode=StreamMode.AUTOPRINT, clock=clock),
        StreamingSession(Deaf(), mode=StreamMode.AUTOPRINT, clock=clock),
    ]
    with anyio.fail_after(5), send:
        for session in sessions:
            async with anyio.create_task_group() as tasks, session:
                tasks.start_soon(close_once_it_waits, session)
                assert [sample async for sample in session] == []


async def test_reads_from_an_anyio_stream_as_the_family_does(clock: VirtualClock) -> None:
    send, receive = anyio.create_memory_object_stream[Sample](4)
    sample = await good(clock)

    async def produce() -> None:
        with send:
            for _ in range(3):
                await send.send(sample)

    async with StreamingSession(receive, mode=StreamMode.POLL, producer=produce) as session:
        assert [received async for received in session] == [sample] * 3
        assert session.dropped == 0


async def test_a_producer_that_forgets_to_end_its_stream_ends_the_session_all_the_same(clock: VirtualClock) -> None:
    stream = BoundedStream[Sample](4)
    sample = await good(clock)

    async def produce() -> None:
        stream.put_nowait(sample)
        await clock.sleep(1)
        stream.put_nowait(sample)

    async with StreamingSession(stream, mode=StreamMode.POLL, producer=produce, clock=clock) as session:
        assert [received async for received in session] == [sample] * 2


async def test_outer_cancellation_closes_the_session(clock: VirtualClock) -> None:
    closed: list[bool] = []
    stream = BoundedStream[Sample](4)
    with anyio.CancelScope() as scope:
        async with StreamingSession(
            stream,
            mode=StreamMode.POLL,
            producer=anyio.sleep_forever,
            on_close=lambda: closed.append(True),
            clock=clock,
        ) as session:
            scope.cancel()
            await anext(session)
    assert scope.cancelled_caught
    assert closed == [True]
