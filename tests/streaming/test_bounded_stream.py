from __future__ import annotations

import anyio
import pytest
from anyio import ClosedResourceError, EndOfStream, WouldBlock

from gateway.errors import LinkError
from gateway.streaming.bounded_stream import BoundedStream
from gateway.streaming.overflow import OverflowPolicy


@pytest.mark.parametrize(
    ("overflow", "kept"), [(OverflowPolicy.DROP_NEWEST, [0, 1, 2]), (OverflowPolicy.DROP_OLDEST, [7, 8, 9])]
)
async def test_row_16_bounded_with_a_policy_and_a_counter(overflow: OverflowPolicy, kept: list[int]) -> None:
    lost: list[int] = []
    stream = BoundedStream[int](3, overflow, on_drop=lost.append)
    for item in range(10):
        await stream.put(item)
    stream.finish()
    assert (stream.unread, stream.dropped, sum(lost)) == (3, 7, 7)
    assert [item async for item in stream] == kept


async def test_row_16_block_waits_for_the_consumer() -> None:
    stream = BoundedStream[int](2)
    stream.put_nowait(0)
    stream.put_nowait(1)
    with pytest.raises(WouldBlock):
        stream.put_nowait(2)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(stream.put, 2)
        assert [await stream.receive() for _ in range(3)] == [0, 1, 2]
    assert stream.dropped == 0


async def test_many_producers_and_consumers_lose_and_repeat_nothing() -> None:
    stream = BoundedStream[int](2)
    taken: list[int] = []

    async def produce(first: int) -> None:
        for item in range(first, first + 50):
            await stream.put(item)

    async def consume() -> None:
        async for item in stream:
            taken.append(item)  # noqa: PERF401 - three tasks fill one list

    async with anyio.create_task_group() as consumers:
        for _ in range(3):
            consumers.start_soon(consume)
        async with anyio.create_task_group() as producers:
            for first in (0, 50, 100):
                producers.start_soon(produce, first)
        stream.finish()
    assert sorted(taken) == list(range(150))


async def test_a_wake_up_is_passed_on_when_its_task_is_cancelled() -> None:
    stream = BoundedStream[int](1)
    got: list[int] = []

    async def consume(scope: anyio.CancelScope) -> None:
        with scope:
            got.append(await stream.receive())

    first, second = anyio.CancelScope(), anyio.CancelScope()
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(consume, first)
            await anyio.wait_all_tasks_blocked()
            tasks.start_soon(consume, second)
            await anyio.wait_all_tasks_blocked()
            first.cancel()
            stream.put_nowait(1)
    assert got == [1]


async def test_the_error_comes_after_everything_buffered_and_stays() -> None:
    stream = BoundedStream[int](2)
    stream.put_nowait(1)
    error = LinkError("gone")
    stream.finish(error)
    assert stream.unseen_error is error
    assert await stream.receive() == 1
    for _ in range(2):
        with pytest.raises(LinkError):
            await stream.receive()
    assert stream.unseen_error is None


async def test_closing_counts_the_unread_and_frees_everybody() -> None:
    closed: list[bool] = []
    stream = BoundedStream[int](1, on_close=lambda: closed.append(True))
    stream.put_nowait(1)

    async def refused() -> None:
        with pytest.raises(ClosedResourceError):
            await stream.receive()

    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(stream.put, 2)
            await anyio.wait_all_tasks_blocked()
            await stream.aclose()
            tasks.start_soon(refused)
    stream.close()
    assert (stream.dropped, closed) == (2, [True])


async def test_finishing_frees_waiting_consumers() -> None:
    stream = BoundedStream[int](1)

    async def ended() -> None:
        with pytest.raises(EndOfStream):
            await stream.receive()

    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ended)
            tasks.start_soon(ended)
            await anyio.wait_all_tasks_blocked()
            stream.finish()


def test_capacity_is_checked() -> None:
    with pytest.raises(ValueError, match="capacity"):
        BoundedStream[int](0)
