from __future__ import annotations

import inspect
import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import anyio
import pytest

import gateway.streaming
from gateway.errors import DeviceTimeoutError, LinkError
from gateway.streaming import AcquisitionSummary, OverflowPolicy, Recording, Sample, StreamMode, record
from gateway.testing.scripted_source import ScriptedSource
from gateway.testing.virtual_clock import VirtualClock


def test_public_names() -> None:
    assert sorted(gateway.streaming.__all__) == [
        "AcquisitionSummary",
        "OverflowPolicy",
        "PollSource",
        "Recording",
        "Sample",
        "StreamMode",
        "StreamingSession",
        "record",
    ]
    assert all(hasattr(gateway.streaming, name) for name in gateway.streaming.__all__)


def test_signature_and_defaults_of_the_family() -> None:
    parameters = inspect.signature(record).parameters
    assert parameters["source"].kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    assert parameters["rate_hz"].default is inspect.Parameter.empty
    defaults = {
        "duration": None,
        "names": None,
        "timeout": None,
        "overflow": OverflowPolicy.BLOCK,
        "buffer_size": 64,
        "auto_reconnect": False,
        "reconnect_factory": None,
    }
    assert {name: parameters[name].default for name in defaults} == defaults
    assert all(parameters[name].kind is inspect.Parameter.KEYWORD_ONLY for name in list(parameters)[1:])


def test_summary_keeps_the_familys_first_eight_fields(clock: VirtualClock) -> None:
    moment = clock.stamp().utc
    assert list(inspect.signature(AcquisitionSummary).parameters)[:8] == [
        "started_at",
        "finished_at",
        "samples_emitted",
        "samples_late",
        "max_drift_ms",
        "tick_duration_ms_p50",
        "tick_duration_ms_p99",
        "disconnects",
    ]
    summary = AcquisitionSummary(moment, moment, 1, 2, 3.0, 4.0, 5.0, 6)
    assert (summary.tick_duration_ms_p50, summary.tick_duration_ms_p99, summary.disconnects) == (4.0, 5.0, 6)
    summary.poll_ns.add(7_000_000)
    assert (summary.tick_duration_ms_p50, summary.tick_duration_ms_p99) == (7.0, 7.0)
    assert AcquisitionSummary(moment) == AcquisitionSummary(moment, None, 0, 0, 0.0, 0.0, 0.0, 0)


def test_values_of_the_enumerations() -> None:
    assert [policy.value for policy in OverflowPolicy] == ["block", "drop_newest", "drop_oldest"]
    assert [str(mode) for mode in StreamMode] == ["poll", "autoprint"]


NO_NUMBER = [math.nan, math.inf, -math.inf, True, "2", Decimal(2), 10**400, 0, -1]


@pytest.mark.parametrize(
    ("argument", "value"),
    [(name, value) for name in ("rate_hz", "duration", "timeout") for value in NO_NUMBER]
    + [("rate_hz", None)]
    + [(name, value) for name in ("buffer_size", "max_attempts") for value in (0, -1, True, 1.5, math.nan, "4")]
    + [("buffer_size", None), ("overflow", "block"), ("names", "I1"), ("duration", 1e308)],
)
def test_row_7_nonsense_is_refused_when_called_not_when_entered(
    clock: VirtualClock, argument: str, value: object
) -> None:
    arguments: dict[str, Any] = {"rate_hz": 1000, argument: value}
    with pytest.raises(ValueError, match=argument):
        record(ScriptedSource(clock), **arguments)


async def test_delivers_every_batch_and_completes_the_summary(clock: VirtualClock) -> None:
    source = ScriptedSource(clock)
    entered = clock.stamp().utc
    async with record(source, rate_hz=10, duration=2.5, clock=clock) as recording:
        assert isinstance(recording, Recording)
        assert (recording.rate_hz, recording.summary.started_at) == (10, entered)
        batches = [batch async for batch in recording.stream]
        assert recording.summary.finished_at is None
        await clock.sleep(10)
    summary = recording.summary
    assert len(batches) == summary.samples_emitted == summary.scheduled == 25
    assert [len(batch) for batch in batches] == [1] * 25
    assert summary.finished_at == clock.stamp().utc


async def test_row_20_the_end_of_the_producer_is_told_apart_from_the_end_of_the_context(clock: VirtualClock) -> None:
    async with record(ScriptedSource(clock), rate_hz=10, duration=1, clock=clock) as recording:
        await clock.sleep(10)
        ended = recording.summary.producer_ended_at
        assert recording.summary.finished_at is None
    assert ended is not None
    assert recording.summary.finished_at is not None
    assert (ended - recording.summary.started_at).total_seconds() == 0.9
    assert (recording.summary.finished_at - recording.summary.started_at).total_seconds() == 10


async def test_row_2_unread_batches_move_from_emitted_to_dropped(clock: VirtualClock) -> None:
    async with record(ScriptedSource(clock), rate_hz=10, clock=clock) as recording:
        for _ in range(5):
            await anext(recording.stream)
        await clock.sleep(1.05)
        before = recording.summary.samples_emitted
    summary = recording.summary
    assert (before, summary.samples_emitted, summary.samples_dropped, summary.scheduled) == (15, 5, 10, 15)


async def test_row_17_the_consumer_drains_before_it_gets_the_error(clock: VirtualClock) -> None:
    source = ScriptedSource(clock, lambda poll: LinkError("gone") if poll == 7 else 0.0)
    batches: list[Sequence[Sample]] = []

    async def consume() -> None:
        async with record(source, rate_hz=10, clock=clock) as recording:
            await clock.sleep(5)
            async for batch in recording.stream:
                batches.append(batch)  # noqa: PERF401 - the loop is left by the error

    with pytest.raises(LinkError, match="gone"):
        await consume()
    assert len(batches) == 7


async def test_an_error_nobody_read_is_raised_on_leaving(clock: VirtualClock) -> None:
    source = ScriptedSource(clock, lambda poll: KeyError("driver") if poll == 3 else 0.0)
    with pytest.raises(KeyError, match="driver"):
        async with record(source, rate_hz=10, clock=clock) as recording:
            await clock.sleep(5)
    assert (recording.summary.samples_emitted, recording.summary.samples_dropped) == (0, 3)
    assert recording.summary.finished_at == clock.stamp().utc


async def test_an_error_handled_inside_is_not_raised_again(clock: VirtualClock) -> None:
    async with record(ScriptedSource(clock, lambda _: LinkError("gone")), rate_hz=10, clock=clock) as recording:
        with pytest.raises(LinkError):
            await anext(recording.stream)


async def test_an_error_of_the_body_comes_out_as_itself(clock: VirtualClock) -> None:
    fault = ExceptionGroup("the body's own group", [ValueError("body")])
    with pytest.raises(ExceptionGroup) as caught:
        async with record(ScriptedSource(clock), rate_hz=10, clock=clock):
            await clock.sleep(1)
            raise fault
    assert caught.value is fault


async def test_an_error_of_the_body_wins_over_the_producers(clock: VirtualClock) -> None:
    with pytest.raises(ValueError, match="body"):
        async with record(ScriptedSource(clock, lambda _: LinkError("gone")), rate_hz=10, clock=clock):
            await clock.sleep(1)
            raise ValueError("body")


async def test_cancellation_from_outside_passes_through(clock: VirtualClock) -> None:
    with anyio.CancelScope() as scope:
        async with record(ScriptedSource(clock), rate_hz=10, clock=clock) as recording:
            async for _ in recording.stream:
                if recording.summary.scheduled == 5:
                    scope.cancel()
    assert scope.cancelled_caught
    assert recording.summary.finished_at is not None
    assert recording.summary.samples_emitted == 5


async def test_closing_the_stream_ends_the_recording(clock: VirtualClock) -> None:
    source = ScriptedSource(clock)
    async with record(source, rate_hz=10, clock=clock) as recording:
        await clock.sleep(1)
        await recording.stream.aclose()  # type: ignore[attr-defined]
        await clock.sleep(10)
        with pytest.raises(anyio.ClosedResourceError):
            await anext(recording.stream)
    assert len(source.polled_ns) == 10
    assert (recording.summary.samples_dropped, recording.summary.samples_emitted) == (10, 0)


async def test_reading_after_the_context_is_refused(clock: VirtualClock) -> None:
    async with record(ScriptedSource(clock), rate_hz=10, clock=clock) as recording:
        pass
    with pytest.raises(anyio.ClosedResourceError):
        await anext(recording.stream)


async def test_a_cancelled_read_loses_nothing(clock: VirtualClock) -> None:
    got = 0
    async with record(ScriptedSource(clock), rate_hz=10, duration=10, clock=clock) as recording:
        async with anyio.create_task_group() as tasks:

            async def impatient() -> None:
                nonlocal got
                for pause in range(30):
                    with anyio.CancelScope() as scope:
                        tasks.start_soon(cancel_after, scope, 0.01 * pause)
                        await anext(recording.stream)
                        got += 1

            async def cancel_after(scope: anyio.CancelScope, seconds: float) -> None:
                await clock.sleep(seconds)
                scope.cancel()

            tasks.start_soon(impatient)
        got += len([batch async for batch in recording.stream])
    assert got == 100
    assert recording.summary.samples_dropped == 0


async def test_reconnecting_through_record(clock: VirtualClock) -> None:
    def script(_: int) -> float | Exception:
        return LinkError("gone") if clock.monotonic_ns() < 300_000_000 else 0.0

    recording_of = record(
        ScriptedSource(clock, script), rate_hz=10, duration=2, auto_reconnect=True, uniform=lambda: 0.5, clock=clock
    )
    async with recording_of as recording:
        good = [batch[0].error is None async for batch in recording.stream]
    assert good == [False] * 5 + [True] * 15
    assert (recording.summary.disconnects, recording.summary.reconnects) == (1, 1)


async def test_failed_polls_reach_the_stream_as_error_samples(clock: VirtualClock) -> None:
    source = ScriptedSource(clock, lambda poll: DeviceTimeoutError("silent") if poll % 2 else 0.0)
    async with record(source, rate_hz=10, duration=1, clock=clock) as recording:
        good = [batch[0].error is None async for batch in recording.stream]
    assert good == [True, False] * 5
    assert recording.summary.errors == 5


async def test_runs_on_the_machines_clock_by_default() -> None:
    source = ScriptedSource(VirtualClock())
    async with record(source, rate_hz=200, duration=0.05) as recording:
        batches = [batch async for batch in recording.stream]
    summary = recording.summary
    assert len(batches) == summary.samples_emitted
    assert summary.scheduled == summary.samples_emitted + summary.samples_late == 10
    assert summary.producer_ended_at is not None
    assert summary.finished_at is not None
    assert summary.started_at <= summary.producer_ended_at <= summary.finished_at
