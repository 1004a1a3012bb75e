"""Each overflow policy under a slow consumer, with exact counts; row 2 of the known weaknesses."""

from __future__ import annotations

import anyio
import pytest

from gateway.streaming import OverflowPolicy, Recording, record
from gateway.testing.scripted_source import ScriptedSource
from gateway.testing.virtual_clock import VirtualClock


def counts(recording: Recording[object]) -> tuple[int, int, int, int]:
    summary = recording.summary
    return summary.scheduled, summary.samples_emitted, summary.samples_dropped, summary.samples_late


@pytest.mark.parametrize(
    ("overflow", "slots_read"), [(OverflowPolicy.DROP_NEWEST, [0, 1]), (OverflowPolicy.DROP_OLDEST, [23, 24])]
)
async def test_row_2_an_idle_consumer_with_a_buffer_of_two_gets_two_of_25(
    clock: VirtualClock, overflow: OverflowPolicy, slots_read: list[int]
) -> None:
    source = ScriptedSource(clock)
    async with record(source, rate_hz=10, duration=2.5, overflow=overflow, buffer_size=2, clock=clock) as recording:
        await clock.sleep(10)
        assert counts(recording) == (25, 2, 23, 0)
        read = [batch[0].monotonic_ns // 100_000_000 async for batch in recording.stream]
    assert read == slots_read
    assert counts(recording) == (25, 2, 23, 0)


async def test_row_2_blocked_recordings_lose_slots_as_late_never_as_a_burst(clock: VirtualClock) -> None:
    source = ScriptedSource(clock)
    async with record(source, rate_hz=10, duration=2.5, buffer_size=2, clock=clock) as recording:
        await clock.sleep(1.05)
        assert counts(recording) == (2, 2, 0, 0)
        read = [batch[0].monotonic_ns // 1_000_000 async for batch in recording.stream]
    # The third batch waited from 0.2 s for room; slots 3 to 9 passed meanwhile, slot 10 was under way.
    assert read == [0, 100, 200, 1050, *range(1100, 2500, 100)]
    assert counts(recording) == (25, 18, 0, 7)


async def test_a_batch_cancelled_while_it_waits_for_room_is_dropped(clock: VirtualClock) -> None:
    async with record(ScriptedSource(clock), rate_hz=10, buffer_size=3, clock=clock) as recording:
        await clock.sleep(5)
        assert counts(recording) == (3, 3, 0, 0)
    assert counts(recording) == (4, 0, 4, 0)


@pytest.mark.parametrize(
    ("overflow", "pause_s", "expected"),
    [
        # Reads at 0, 0.15, ..., 9.9 s, then the buffered batch and the one that waited for room.
        (OverflowPolicy.BLOCK, 0.15, (100, 67 + 2, 0, 31)),
        # Reads at 0, 0.25, ..., 9.75 s, then the buffered batch.
        (OverflowPolicy.DROP_NEWEST, 0.25, (100, 40 + 1, 59, 0)),
        (OverflowPolicy.DROP_OLDEST, 0.25, (100, 40 + 1, 59, 0)),
    ],
)
async def test_a_consumer_slower_than_the_schedule(
    clock: VirtualClock, overflow: OverflowPolicy, pause_s: float, expected: tuple[int, int, int, int]
) -> None:
    source = ScriptedSource(clock)
    received = 0
    async with record(source, rate_hz=10, duration=10, overflow=overflow, buffer_size=1, clock=clock) as recording:
        async for _ in recording.stream:
            received += 1
            await clock.sleep(pause_s)
    assert counts(recording) == expected
    assert received == expected[1]


async def test_a_fast_consumer_loses_nothing_with_the_smallest_buffer(clock: VirtualClock) -> None:
    for overflow in OverflowPolicy:
        source = ScriptedSource(clock)
        async with record(source, rate_hz=10, duration=5, overflow=overflow, buffer_size=1, clock=clock) as recording:
            received = len([batch async for batch in recording.stream])
        assert received == 50
        assert counts(recording) == (50, 50, 0, 0)


async def test_two_consumers_share_the_batches(clock: VirtualClock) -> None:
    taken: list[int] = []
    async with record(ScriptedSource(clock), rate_hz=10, duration=5, clock=clock) as recording:

        async def consume() -> None:
            async for batch in recording.stream:
                taken.append(batch[0].monotonic_ns)
                await clock.sleep(0.05)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(consume)
            tasks.start_soon(consume)
    assert sorted(taken) == [slot * 100_000_000 for slot in range(50)]
