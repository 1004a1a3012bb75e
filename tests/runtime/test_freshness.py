"""The quality ladder: stale never looks good, and recovery needs no restart."""

from __future__ import annotations

import logging

import anyio
import pytest

from gateway.errors import DeviceTimeoutError
from gateway.model.quality import State
from gateway.runtime.freshness import Freshness, default_stale_s
from gateway.testing.virtual_clock import VirtualClock
from tests.runtime.conftest import Recorded, failed, good


def test_the_stale_time_follows_the_pace() -> None:
    assert default_stale_s(0.1) == 5.0
    assert default_stale_s(10) == 30.0


async def test_silence_falls_to_stale_then_to_lost_and_recovers(
    freshness: Freshness, seen: Recorded, clock: VirtualClock
) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(freshness.watch)
        for _ in range(3):
            freshness.deliver(good(clock))
            await clock.sleep(60)
        tasks.cancel_scope.cancel()
    ladder = [State.GOOD, State.STALE, State.COMMUNICATION_LOST]
    assert seen.states == ladder * 3
    at = [update.stamp.monotonic_ns / 1e9 for update in seen.updates]
    assert at == [0, 5, 15, 60, 65, 75, 120, 125, 135]


async def test_fresh_values_keep_the_watch_quiet(freshness: Freshness, seen: Recorded, clock: VirtualClock) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(freshness.watch)
        for _ in range(100):
            freshness.deliver(good(clock))
            await clock.sleep(4.9)
        tasks.cancel_scope.cancel()
    assert seen.states == [State.GOOD]


async def test_failed_reads_lower_the_quality_at_once_and_end_in_lost(
    freshness: Freshness, seen: Recorded, clock: VirtualClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    freshness.deliver(good(clock))
    for _ in range(30):
        await clock.sleep(1)
        freshness.deliver(failed(clock, DeviceTimeoutError("no answer")))
    await clock.sleep(1)
    freshness.deliver(good(clock))
    assert seen.states == [State.GOOD, State.COMMUNICATION_INTERRUPTED, State.COMMUNICATION_LOST, State.GOOD]
    assert [record.getMessage() for record in caplog.records] == [
        "stack: first values",
        "stack: communication-interrupted: no answer",
        "stack: communication-lost: no answer",
        "stack: back after 30 failed reads",
    ]


async def test_a_bad_frame_does_not_touch_the_values_they_age(
    freshness: Freshness, seen: Recorded, clock: VirtualClock
) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(freshness.watch)
        freshness.deliver(good(clock))
        for _ in range(6):
            freshness.reject("bad checksum")
            await clock.sleep(1)
        tasks.cancel_scope.cancel()
    assert seen.states == [State.GOOD, State.STALE]


async def test_nothing_ever_received_ends_in_lost_too(
    freshness: Freshness, seen: Recorded, clock: VirtualClock
) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(freshness.watch)
        await clock.sleep(100)
        tasks.cancel_scope.cancel()
    assert seen.states == [State.COMMUNICATION_LOST]


async def test_the_watch_begins_with_acquisition_not_with_the_start_of_the_program(
    freshness: Freshness, seen: Recorded, clock: VirtualClock
) -> None:
    await clock.sleep(100)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(freshness.watch)
        await clock.sleep(4)
        freshness.deliver(good(clock))
        await clock.sleep(4)
        tasks.cancel_scope.cancel()
    assert seen.states == [State.GOOD]


async def test_a_wrong_unit_is_logged_once_when_it_comes_and_once_when_it_goes(
    freshness: Freshness, seen: Recorded, clock: VirtualClock, caplog: pytest.LogCaptureFixture
) -> None:
    for unit in ("%", "vpm", "vpm", "%", "%"):
        freshness.deliver(good(clock, unit=unit))
    assert seen.states == [State.GOOD, State.UNIT_MISMATCH, State.GOOD]
    assert [record.getMessage() for record in caplog.records] == [
        "stack: I1: the analyser sends another unit than configured; correct `unit` in the settings",
        "stack: all units are as configured again",
    ]
