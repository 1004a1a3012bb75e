from __future__ import annotations

from collections.abc import Sequence

import anyio
import pytest

from gateway.errors import DeviceTimeoutError, LinkError, ProtocolError
from gateway.model.readings import ProtocolKind
from gateway.streaming import Sample
from gateway.streaming.recorder import Recorder
from gateway.streaming.summary import AcquisitionSummary
from gateway.testing.scripted_source import ScriptedSource, Step
from gateway.testing.virtual_clock import VirtualClock

MS = 1_000_000


def balanced(summary: AcquisitionSummary) -> bool:
    return summary.scheduled == summary.samples_emitted + summary.samples_dropped + summary.samples_late


async def test_delivers_in_the_step_of_arrival_and_already_counted(clock: VirtualClock) -> None:
    seen: list[tuple[int, int]] = []
    recorder = Recorder(ScriptedSource(clock, lambda _: 0.03), rate_hz=10, duration=0.5, clock=clock)

    def deliver(batch: Sequence[Sample]) -> None:
        assert balanced(recorder.summary)
        assert batch[0].monotonic_ns == clock.monotonic_ns()
        seen.append((clock.monotonic_ns() // MS, recorder.summary.samples_emitted))

    summary = await recorder.run(deliver)
    assert seen == [(30, 1), (130, 2), (230, 3), (330, 4), (430, 5)]
    assert summary is recorder.summary
    assert summary.scheduled == 5


async def test_a_poll_of_one_and_a_half_periods_fills_14_of_20_slots(clock: VirtualClock) -> None:
    source = ScriptedSource(clock, lambda _: 0.15)
    recorder = Recorder(source, rate_hz=10, duration=2, clock=clock)
    await recorder.run(lambda _: None)
    summary = recorder.summary
    assert (summary.samples_emitted, summary.samples_late, summary.scheduled) == (14, 6, 20)
    assert summary.max_drift_ms == 100


async def test_row_3_no_poll_after_the_last_slot(clock: VirtualClock) -> None:
    source = ScriptedSource(clock, lambda poll: 1.0 if poll == 1 else 0.0)
    recorder = Recorder(source, rate_hz=10, duration=0.3, clock=clock)
    await recorder.run(lambda _: None)
    assert source.polled_s == [0, 0.1]
    assert (recorder.summary.samples_emitted, recorder.summary.samples_late, recorder.summary.scheduled) == (2, 1, 3)


async def test_a_long_stall_is_followed_by_one_poll_not_a_burst(clock: VirtualClock) -> None:
    source = ScriptedSource(clock, lambda poll: 1.02 if poll == 2 else 0.0)
    recorder = Recorder(source, rate_hz=10, duration=2, clock=clock)
    await recorder.run(lambda _: None)
    assert source.polled_s[2:6] == [0.2, 1.22, 1.3, 1.4]
    assert recorder.summary.samples_late == 9


async def test_does_not_wait_out_the_last_period(clock: VirtualClock) -> None:
    recorder = Recorder(ScriptedSource(clock), rate_hz=10, duration=1, clock=clock)
    await recorder.run(lambda _: None)
    assert clock.monotonic_ns() == 900 * MS


async def test_row_5_drift_is_start_lateness_and_poll_time_is_apart(clock: VirtualClock) -> None:
    recorder = Recorder(ScriptedSource(clock, lambda _: 0.155), rate_hz=5, duration=10, clock=clock)
    await recorder.run(lambda _: None)
    summary = recorder.summary
    assert summary.max_drift_ms == summary.drift_ms_p99 == 0
    assert summary.poll_ms_max == 155
    assert summary.tick_duration_ms_p50 == pytest.approx(155, rel=1 / 128)


async def test_row_6_percentiles_are_readable_during_the_run(clock: VirtualClock) -> None:
    recorder = Recorder(ScriptedSource(clock, lambda poll: 0.09 if poll == 9 else 0.01), rate_hz=10, clock=clock)
    live: list[tuple[float, float]] = []

    def deliver(_: Sequence[Sample]) -> None:
        live.append((recorder.summary.tick_duration_ms_p50, recorder.summary.tick_duration_ms_p99))
        if len(live) == 10:
            running.cancel()

    with anyio.CancelScope() as running:
        await recorder.run(deliver)
    assert live[0] == (10, 10)
    assert live[9][0] == pytest.approx(10, rel=1 / 128)
    assert live[9][1] == 90


@pytest.mark.parametrize(
    "error", [DeviceTimeoutError("silent"), ProtocolError("noise"), TimeoutError(), ConnectionResetError(), OSError(5)]
)
async def test_row_8_a_failed_poll_is_an_error_sample_and_recording_goes_on(
    clock: VirtualClock, error: Exception
) -> None:
    source = ScriptedSource(clock, lambda poll: (0.02, error) if poll == 1 else 0.0)
    batches: list[Sequence[Sample]] = []
    recorder = Recorder(source, rate_hz=10, duration=0.4, clock=clock)
    await recorder.run(batches.append)
    (sample,) = batches[1]
    assert sample.error is error
    assert (sample.device, sample.channel, sample.reading) == ("scripted", None, None)
    assert (sample.protocol, sample.monotonic_ns) == (ProtocolKind.MODBUS_TCP, 120 * MS)
    assert [batch[0].error for batch in batches] == [None, error, None, None]
    assert (recorder.summary.errors, recorder.summary.samples_emitted, recorder.summary.disconnects) == (1, 4, 0)
    assert recorder.summary.poll_ns.count == 3


async def test_row_8_a_group_of_acquisition_errors_counts_as_one(clock: VirtualClock) -> None:
    single = DeviceTimeoutError("silent")
    several = ExceptionGroup("two analysers", [DeviceTimeoutError("a"), ProtocolError("b")])
    script: list[Step] = [ExceptionGroup("outer", [ExceptionGroup("inner", [single])]), several]
    batches: list[Sequence[Sample]] = []
    recorder = Recorder(ScriptedSource(clock, script.__getitem__), rate_hz=10, duration=0.2, clock=clock)
    await recorder.run(batches.append)
    assert [batch[0].error for batch in batches] == [single, several]


@pytest.mark.parametrize("error", [KeyError("x"), ExceptionGroup("mixed", [LinkError("l"), KeyError("x")])])
async def test_a_programs_fault_ends_the_recording(clock: VirtualClock, error: Exception) -> None:
    source = ScriptedSource(clock, lambda poll: error if poll == 2 else 0.0)
    recorder = Recorder(source, rate_hz=10, auto_reconnect=True, clock=clock)
    with pytest.raises(type(error)) as caught:
        await recorder.run(lambda _: None)
    assert caught.value is error
    assert recorder.summary.scheduled == recorder.summary.samples_emitted == 2
    assert recorder.summary.producer_ended_at == clock.stamp().utc


async def test_row_17_an_error_comes_out_ungrouped_and_unchained(clock: VirtualClock) -> None:
    fault = KeyError("x")
    recorder = Recorder(ScriptedSource(clock, lambda _: ExceptionGroup("g", [fault])), rate_hz=10, clock=clock)
    with pytest.raises(KeyError) as caught:
        await recorder.run(lambda _: None)
    assert caught.value is fault
    assert fault.__context__ is None


async def test_row_13_request_time_and_latency_pass_through_and_are_never_invented(clock: VirtualClock) -> None:
    script: list[Step] = [0.04, (0.04, DeviceTimeoutError("silent"))]
    batches: list[Sequence[Sample]] = []
    recorder = Recorder(ScriptedSource(clock, script.__getitem__), rate_hz=10, duration=0.2, clock=clock)
    await recorder.run(batches.append)
    assert (batches[0][0].requested_at, batches[0][0].latency_s) == (recorder.summary.started_at, 0.04)
    assert (batches[1][0].requested_at, batches[1][0].latency_s) == (None, None)


class ManyAnalysers(ScriptedSource):
    """A manager of two analysers that alternately answers, answers in part, and answers nothing."""

    async def poll_samples(
        self, *, names: Sequence[str] | None = None, timeout: float | None = None
    ) -> Sequence[Sample]:
        (sample,) = await super().poll_samples(names=names, timeout=timeout)
        stamp = self._clock.stamp()
        first, second = (
            Sample(device, "I1", sample.reading, sample.protocol, stamp.monotonic_ns, stamp.utc)
            for device in ("A", "B")
        )
        failed = Sample(
            "B", None, None, sample.protocol, stamp.monotonic_ns, stamp.utc, error=DeviceTimeoutError("B is silent")
        )
        return [(first, second), (first, failed), ()][len(self.polled_ns) - 1]


async def test_row_15_failures_of_single_analysers_stay_visible(clock: VirtualClock) -> None:
    batches: list[Sequence[Sample]] = []
    recorder = Recorder(ManyAnalysers(clock), rate_hz=10, duration=0.3, clock=clock)
    await recorder.run(batches.append)
    assert [[(sample.device, sample.error is None) for sample in batch] for batch in batches] == [
        [("A", True), ("B", True)],
        [("A", True), ("B", False)],
        [("A", False), ("B", False)],
    ]
    assert (recorder.summary.errors, recorder.summary.samples_emitted) == (2, 3)


async def test_error_samples_are_named_by_argument_then_names_then_source(clock: VirtualClock) -> None:
    async def first_error(**arguments: object) -> tuple[list[str], ProtocolKind]:
        batches: list[Sequence[Sample]] = []
        source = ScriptedSource(clock, lambda _: TimeoutError())
        await Recorder(source, rate_hz=1, duration=1, clock=clock, **arguments).run(batches.append)  # type: ignore[arg-type]
        return [sample.device for sample in batches[0]], batches[0][0].protocol

    assert await first_error() == (["scripted"], ProtocolKind.MODBUS_TCP)
    assert await first_error(names=["A", "B"]) == (["A", "B"], ProtocolKind.MODBUS_TCP)
    assert await first_error(device="D") == (["D"], ProtocolKind.MODBUS_TCP)
    assert await first_error(protocol=ProtocolKind.MODBUS_ASCII) == (["scripted"], ProtocolKind.MODBUS_ASCII)


async def test_names_and_timeout_reach_the_source(clock: VirtualClock) -> None:
    source, names = ScriptedSource(clock), ["A"]
    await Recorder(source, rate_hz=1, duration=2, names=names, timeout=0.25, clock=clock).run(lambda _: None)
    assert source.calls == [(names, 0.25)] * 2


async def test_phase_delays_the_whole_schedule(clock: VirtualClock) -> None:
    source = ScriptedSource(clock)
    recorder = Recorder(source, rate_hz=1, duration=3, phase_s=0.25, clock=clock)
    before = clock.stamp().utc
    await recorder.run(lambda _: None)
    assert source.polled_s == [0.25, 1.25, 2.25]
    assert (recorder.summary.started_at - before).total_seconds() == 0.25
    assert recorder.summary.max_drift_ms == 0


async def test_a_fault_of_deliver_ends_the_recording_and_the_batch_is_dropped(clock: VirtualClock) -> None:
    def deliver(_: Sequence[Sample]) -> None:
        raise KeyError("adapter")

    recorder = Recorder(ScriptedSource(clock), rate_hz=1, clock=clock)
    with pytest.raises(KeyError, match="adapter"):
        await recorder.run(deliver)
    assert (recorder.summary.scheduled, recorder.summary.samples_dropped, recorder.summary.samples_emitted) == (1, 1, 0)


async def test_cancellation_during_a_poll_counts_only_finished_slots(clock: VirtualClock) -> None:
    recorder = Recorder(ScriptedSource(clock, lambda poll: 50.0 if poll == 3 else 0.0), rate_hz=10, clock=clock)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(recorder.run, lambda _: None)
        await clock.sleep(10)
        tasks.cancel_scope.cancel()
    assert recorder.summary.scheduled == recorder.summary.samples_emitted == 3
    assert recorder.summary.producer_ended_at == clock.stamp().utc


async def test_runs_once(clock: VirtualClock) -> None:
    recorder = Recorder(ScriptedSource(clock), rate_hz=1, duration=1, clock=clock)
    await recorder.run(lambda _: None)
    with pytest.raises(RuntimeError, match="once"):
        await recorder.run(lambda _: None)


async def test_row_19_a_day_at_10_hz_on_an_injected_clock_is_exact(clock: VirtualClock, anyio_backend: str) -> None:
    hours = 24 if anyio_backend == "asyncio" else 1
    delivered = 0

    def deliver(_: Sequence[Sample]) -> None:
        nonlocal delivered
        delivered += 1

    batch = await ScriptedSource(clock).poll_samples()

    class Steady:
        polls = 0

        async def poll_samples(self, **_: object) -> Sequence[Sample]:
            self.polls += 1
            if self.polls % 36_000 == 0:
                raise DeviceTimeoutError("once an hour")
            return batch

    recorder = Recorder(Steady(), rate_hz=10, duration=hours * 3600, clock=clock)
    await recorder.run(deliver)
    summary = recorder.summary
    assert delivered == summary.scheduled == summary.samples_emitted == hours * 36_000
    assert (summary.samples_late, summary.samples_dropped, summary.errors) == (0, 0, hours)
    assert summary.poll_ns.count == hours * 35_999
    assert summary.max_drift_ms == 0
    assert clock.monotonic_ns() == (hours * 36_000 - 1) * 100 * MS
