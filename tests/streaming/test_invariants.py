"""What holds whatever polls, failures and consumers do."""

from __future__ import annotations

from collections.abc import Sequence

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import DeviceTimeoutError, LinkError
from gateway.streaming import AcquisitionSummary, OverflowPolicy, Sample, record
from gateway.testing.scripted_source import ScriptedSource, Step
from gateway.testing.virtual_clock import VirtualClock

durations = st.sampled_from([0.0, 0.0, 0.01, 0.05, 0.1, 0.15, 0.2, 0.37, 1.0])
errors = st.sampled_from([LinkError("gone"), DeviceTimeoutError("silent")])
steps = st.one_of(durations, st.tuples(durations, errors))


def check(summary: AcquisitionSummary) -> None:
    assert summary.scheduled == summary.samples_emitted + summary.samples_dropped + summary.samples_late
    assert min(summary.samples_emitted, summary.samples_dropped, summary.samples_late) >= 0
    assert summary.errors <= summary.samples_emitted + summary.samples_dropped
    assert 0 <= summary.outages - summary.reconnects <= 1
    assert summary.reconnects <= summary.reconnect_attempts


async def scenario(
    script: list[Step],
    pauses: list[float],
    overflow: OverflowPolicy,
    buffer_size: int,
    slots: int,
    leave_after: int,
    factory: bool,
) -> None:
    clock = VirtualClock()
    source = ScriptedSource(clock, lambda poll: script[poll % len(script)])
    received: list[Sequence[Sample]] = []

    async def rebuild() -> ScriptedSource:
        await clock.sleep(pauses[0])
        if len(received) % 2:
            raise LinkError("still gone")
        return source

    recording_of = record(
        source,
        rate_hz=10,
        duration=slots / 10,
        overflow=overflow,
        buffer_size=buffer_size,
        auto_reconnect=True,
        reconnect_factory=rebuild if factory else None,
        uniform=lambda: 0.5,
        clock=clock,
    )
    async with recording_of as recording, anyio.create_task_group() as tasks:
        summary = recording.summary

        async def observe() -> None:
            while True:
                check(summary)
                await clock.sleep(0.013)

        tasks.start_soon(observe)
        async for batch in recording.stream:
            check(summary)
            received.append(batch)
            if len(received) == leave_after:
                break
            await clock.sleep(pauses[len(received) % len(pauses)])
        tasks.cancel_scope.cancel()
    check(summary)
    assert summary.samples_emitted == len(received)
    assert summary.scheduled <= slots
    if leave_after > slots:
        assert summary.scheduled == slots
    if overflow is not OverflowPolicy.BLOCK and not any(isinstance(step, tuple) or step for step in script):
        assert summary.samples_late == 0
    assert len(source.polled_ns) <= slots
    assert all(moment < slots * 100_000_000 for moment in source.polled_ns)
    stamps = [batch[0].monotonic_ns for batch in received]
    assert stamps == sorted(stamps)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@settings(max_examples=150, deadline=None)
@given(
    script=st.lists(steps, min_size=1, max_size=12),
    pauses=st.lists(durations, min_size=1, max_size=5),
    overflow=st.sampled_from(OverflowPolicy),
    buffer_size=st.integers(1, 5),
    slots=st.integers(1, 60),
    leave_after=st.one_of(st.just(1000), st.integers(1, 40)),
    factory=st.booleans(),
)
def test_scheduled_is_emitted_plus_dropped_plus_late_at_every_moment(
    backend: str,
    script: list[Step],
    pauses: list[float],
    overflow: OverflowPolicy,
    buffer_size: int,
    slots: int,
    leave_after: int,
    factory: bool,
) -> None:
    anyio.run(scenario, script, pauses, overflow, buffer_size, slots, leave_after, factory, backend=backend)
