from __future__ import annotations

import time

import anyio

from gateway.streaming.clock import SystemClock


async def test_never_returns_early() -> None:
    clock = SystemClock()
    for microseconds in (0, 1, 100, 1500, 7000):
        target = clock.monotonic_ns() + microseconds * 1000
        await clock.sleep_until(target)
        assert clock.monotonic_ns() >= target


async def test_a_past_deadline_is_still_a_scheduling_point() -> None:
    with anyio.CancelScope() as scope:
        scope.cancel()
        await SystemClock().sleep_until(0)
    assert scope.cancelled_caught


async def test_a_deadline_beyond_any_calendar_can_be_waited_for_and_cancelled() -> None:
    with anyio.move_on_after(0.01) as scope:
        await SystemClock().sleep_until(10**400)
    assert scope.cancelled_caught


def test_stamp_is_now_in_whole_microseconds() -> None:
    before_us, before_ns = time.time_ns() // 1000, time.monotonic_ns()
    stamp = SystemClock().stamp()
    assert before_us <= stamp.unix_us <= time.time_ns() // 1000
    assert before_ns <= stamp.monotonic_ns <= time.monotonic_ns()
    assert stamp.utc.microsecond == stamp.unix_us % 1_000_000
