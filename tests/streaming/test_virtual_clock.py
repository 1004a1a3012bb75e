from __future__ import annotations

from datetime import UTC, datetime

import anyio
import pytest

from gateway.testing.virtual_clock import VirtualClock


async def test_sleepers_wake_in_order_of_deadline_then_of_arrival(clock: VirtualClock) -> None:
    woken: list[tuple[float, str]] = []

    async def sleeper(name: str, seconds: float, times: int) -> None:
        for _ in range(times):
            await clock.sleep(seconds)
            woken.append((clock.monotonic_ns() / 1e9, name))

    async with anyio.create_task_group() as tasks:
        for name, seconds, times in (("a", 1, 3), ("b", 1.5, 2), ("c", 0.5, 2)):
            tasks.start_soon(sleeper, name, seconds, times)
    assert [moment for moment, _ in woken] == [0.5, 1, 1, 1.5, 2, 3, 3]
    assert sorted(woken) == sorted([(1, "a"), (2, "a"), (3, "a"), (1.5, "b"), (3, "b"), (0.5, "c"), (1, "c")])


async def test_time_waits_for_tasks_that_can_run(clock: VirtualClock) -> None:
    seen: list[int] = []

    async def busy() -> None:
        for _ in range(50):
            await anyio.lowlevel.checkpoint()
            seen.append(clock.monotonic_ns())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(busy)
        await clock.sleep(1)
    assert seen == [0] * 50


async def test_a_cancelled_sleeper_leaves_the_others_running(clock: VirtualClock) -> None:
    async with anyio.create_task_group() as tasks:
        scopes = [anyio.CancelScope() for _ in range(3)]

        async def sleep_in(scope: anyio.CancelScope) -> None:
            with scope:
                await clock.sleep(5)

        for scope in scopes:
            tasks.start_soon(sleep_in, scope)
        await clock.sleep(1)
        scopes[0].cancel()
        scopes[2].cancel()
        await clock.sleep(1)
        assert clock.monotonic_ns() == 2 * 10**9
    assert clock.monotonic_ns() == 5 * 10**9
    assert [scope.cancelled_caught for scope in scopes] == [True, False, True]


async def test_a_past_deadline_is_still_a_scheduling_point(clock: VirtualClock) -> None:
    with anyio.CancelScope() as scope:
        scope.cancel()
        await clock.sleep_until(-1)
    assert scope.cancelled_caught


def test_stamp_counts_from_the_given_instant() -> None:
    stamp = VirtualClock(start_ns=7, utc=datetime(2030, 5, 1, tzinfo=UTC)).stamp()
    assert (stamp.monotonic_ns, stamp.utc) == (7, datetime(2030, 5, 1, tzinfo=UTC))
    with pytest.raises(ValueError, match="aware"):
        VirtualClock(utc=datetime(2030, 5, 1))
