from __future__ import annotations

import gc
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import anyio
import pytest

from gateway.errors import DeviceTimeoutError, LinkError
from gateway.ports import PollSource
from gateway.streaming import Sample
from gateway.streaming.backoff import JITTER, LADDER_S, BackOff
from gateway.streaming.recorder import Recorder
from gateway.testing.scripted_source import ScriptedSource, Step
from gateway.testing.virtual_clock import VirtualClock

GONE = LinkError("cable pulled", where="bus1")


def middle() -> float:
    return 0.5


def reconnecting(source: PollSource, clock: VirtualClock, duration: float, **more: object) -> Recorder:
    return Recorder(
        source,
        rate_hz=10,
        duration=duration,
        auto_reconnect=True,
        uniform=middle,
        clock=clock,
        **more,  # type: ignore[arg-type]
    )


def down_between(clock: VirtualClock, first_s: float, last_s: float) -> Callable[[int], Step]:
    return lambda _: GONE if first_s <= clock.monotonic_ns() / 1e9 < last_s else 0.0


async def test_without_auto_reconnect_a_lost_link_ends_the_recording(clock: VirtualClock) -> None:
    recorder = Recorder(ScriptedSource(clock, down_between(clock, 0.3, 9)), rate_hz=10, clock=clock)
    with pytest.raises(LinkError) as caught:
        await recorder.run(lambda _: None)
    assert caught.value is GONE
    assert (recorder.summary.samples_emitted, recorder.summary.disconnects) == (3, 0)


async def test_row_9_slots_of_an_outage_give_error_samples_at_once(clock: VirtualClock) -> None:
    source = ScriptedSource(clock, down_between(clock, 0.1, 3))
    seen: list[tuple[float, bool]] = []
    recorder = reconnecting(source, clock, 5)
    await recorder.run(lambda batch: seen.append((clock.monotonic_ns() / 1e9, batch[0].error is None)))
    assert [moment for moment, _ in seen] == [slot / 10 for slot in range(50)]
    assert [moment for moment in source.polled_s if moment < 4] == [0, 0.1, 0.6, 1.6, 3.6, 3.7, 3.8, 3.9]
    assert [good for _, good in seen] == [True] + [False] * 35 + [True] * 14
    summary = recorder.summary
    assert (summary.errors, summary.samples_late, summary.disconnects) == (35, 0, 3)
    assert (summary.outages, summary.reconnects, summary.reconnect_attempts) == (1, 1, 3)


async def test_row_1_every_cause_has_its_own_counter(clock: VirtualClock) -> None:
    def script(poll: int) -> Step:
        return {2: 0.35, 4: GONE, 5: GONE, 8: DeviceTimeoutError("silent")}.get(poll, 0.0)

    recorder = reconnecting(ScriptedSource(clock, script), clock, 4)
    await recorder.run(lambda _: None)
    summary = recorder.summary
    assert (summary.scheduled, summary.samples_emitted, summary.samples_late) == (40, 38, 2)
    assert (summary.disconnects, summary.outages, summary.reconnects) == (2, 1, 1)
    assert summary.errors == 16
    assert summary.samples_dropped == 0


class Workshop:
    """A reconnect factory that follows a script: seconds, then an error or a source."""

    def __init__(self, clock: VirtualClock, script: Callable[[int], tuple[float, Exception | ScriptedSource]]) -> None:
        self.clock = clock
        self.script = script
        self.called_s: list[float] = []

    async def __call__(self) -> PollSource:
        self.called_s.append(self.clock.monotonic_ns() / 1e9)
        seconds, outcome = self.script(len(self.called_s) - 1)
        if seconds:
            await self.clock.sleep(seconds)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


async def test_row_10_only_a_successful_poll_resets_the_ladder(clock: VirtualClock) -> None:
    dead = [ScriptedSource(clock, lambda _: GONE) for _ in range(10)]
    workshop = Workshop(clock, lambda call: (0, dead[call]))
    source = ScriptedSource(clock, down_between(clock, 0.1, 99))
    recorder = reconnecting(source, clock, 25, reconnect_factory=workshop)
    await recorder.run(lambda _: None)
    assert workshop.called_s == [0.6, 1.6, 3.6, 8.6, 18.6]
    assert recorder.summary.reconnect_attempts == 5
    assert recorder.summary.reconnects == 0
    assert recorder.summary.errors == 249


async def test_row_10_replaced_sources_are_closed_once_and_before_their_successor_opens(clock: VirtualClock) -> None:
    first = ScriptedSource(clock, lambda poll: GONE if poll else 0.0)
    built = [ScriptedSource(clock, lambda poll: GONE if poll else 0.0), ScriptedSource(clock)]
    closed_before: list[int] = []

    def script(call: int) -> tuple[float, Exception | ScriptedSource]:
        closed_before.append(first.closed + built[0].closed)
        return (0, LinkError("still gone")) if call == 0 else (0, built[call - 1])

    recorder = reconnecting(first, clock, 5, reconnect_factory=Workshop(clock, script))
    await recorder.run(lambda _: None)
    assert closed_before == [1, 1, 2]
    assert [first.closed, built[0].closed, built[1].closed] == [1, 1, 1]
    assert recorder.source is built[1]


async def test_a_source_that_was_never_replaced_stays_open(clock: VirtualClock) -> None:
    source = ScriptedSource(clock, down_between(clock, 0.1, 1))
    await reconnecting(source, clock, 3).run(lambda _: None)
    assert source.closed == 0


def test_row_10_jitter_spreads_the_attempts() -> None:
    pauses = [BackOff(partial(float, extreme)).next_ns() / 1e9 for extreme in (0.0, 0.5, 1.0)]
    assert pauses == pytest.approx([LADDER_S[0] * (1 - JITTER), LADDER_S[0], LADDER_S[0] * (1 + JITTER)])
    back_off = BackOff(middle)
    assert [back_off.next_ns() / 1e9 for _ in range(8)] == [0.5, 1, 2, 5, 10, 30, 30, 30]
    back_off.reset()
    assert back_off.next_ns() == 500_000_000


@pytest.mark.parametrize("factory", [False, True])
async def test_row_10_max_attempts_ends_the_recording_with_the_error(clock: VirtualClock, factory: bool) -> None:
    source = ScriptedSource(clock, down_between(clock, 0.1, 99))
    workshop = Workshop(clock, lambda _: (0, GONE)) if factory else None
    recorder = reconnecting(source, clock, 60, max_attempts=2, reconnect_factory=workshop)
    with pytest.raises(LinkError) as caught:
        await recorder.run(lambda _: None)
    assert caught.value is GONE
    assert clock.monotonic_ns() == 1_600_000_000
    assert recorder.summary.reconnect_attempts == 2


async def test_a_recovery_restores_the_full_number_of_attempts(clock: VirtualClock) -> None:
    def script(poll: int) -> Step:
        return GONE if poll in (1, 2, 4, 5) else 0.0

    recorder = reconnecting(ScriptedSource(clock, script), clock, 5, max_attempts=2)
    await recorder.run(lambda _: None)
    assert (recorder.summary.outages, recorder.summary.reconnects) == (2, 2)


async def test_row_9_a_slow_factory_never_holds_the_schedule(clock: VirtualClock) -> None:
    working = ScriptedSource(clock)
    workshop = Workshop(clock, lambda _: (2.05, working))
    seen: list[tuple[float, bool]] = []
    recorder = reconnecting(ScriptedSource(clock, lambda _: GONE), clock, 4, reconnect_factory=workshop)
    await recorder.run(lambda batch: seen.append((clock.monotonic_ns() / 1e9, batch[0].error is None)))
    assert recorder.summary.samples_late == 0
    assert len(seen) == 40
    # Slot 5 starts the attempt and waits for it until slot 6 is due; the replacement is ready at 2.55 s.
    assert [moment for moment, _ in seen[4:8]] == [0.4, 0.6, 0.6, 0.7]
    assert [good for _, good in seen].index(True) == 26


async def test_a_quick_factory_is_polled_in_the_same_slot(clock: VirtualClock) -> None:
    working = ScriptedSource(clock)
    workshop = Workshop(clock, lambda _: (0.03, working))
    recorder = reconnecting(ScriptedSource(clock, lambda _: GONE), clock, 1, reconnect_factory=workshop)
    await recorder.run(lambda _: None)
    assert working.polled_s == pytest.approx([0.53, 0.6, 0.7, 0.8, 0.9])
    assert recorder.summary.errors == 5


async def test_row_11_the_end_bounds_every_wait(clock: VirtualClock) -> None:
    workshop = Workshop(clock, lambda _: (500, GONE))
    recorder = reconnecting(ScriptedSource(clock, lambda _: GONE), clock, 0.6, reconnect_factory=workshop)
    await recorder.run(lambda _: None)
    assert workshop.called_s == [0.5]
    assert clock.monotonic_ns() == 600_000_000
    assert recorder.summary.scheduled == recorder.summary.errors == 6


async def test_the_named_errors_of_a_factory_are_retried(clock: VirtualClock) -> None:
    class PortLostError(Exception):
        pass

    working = ScriptedSource(clock)
    workshop = Workshop(clock, lambda call: (0, working if call else PortLostError()))
    source = ScriptedSource(clock, lambda _: PortLostError())
    recorder = reconnecting(source, clock, 2, reconnect_factory=workshop, reconnect_on=(PortLostError,))
    await recorder.run(lambda _: None)
    assert workshop.called_s == [0.5, 1.5]
    assert len(working.polled_ns) == 5


async def test_a_failed_poll_leaves_no_reference_cycle(clock: VirtualClock) -> None:
    class SilentOnceMoreError(DeviceTimeoutError):
        pass

    class Silent:
        async def poll_samples(self, **_: object) -> Sequence[Sample]:
            raise SilentOnceMoreError("silent")

    gc.collect()
    gc.disable()
    try:
        await Recorder(Silent(), rate_hz=10, duration=20, clock=clock).run(lambda _: None)
        left = [thing for thing in gc.get_objects() if isinstance(thing, SilentOnceMoreError)]
    finally:
        gc.enable()
    assert len(left) <= 1


async def test_a_programs_fault_in_the_factory_ends_the_recording(clock: VirtualClock) -> None:
    workshop = Workshop(clock, lambda _: (0.01, KeyError("factory")))
    recorder = reconnecting(ScriptedSource(clock, lambda _: GONE), clock, 9, reconnect_factory=workshop)
    with pytest.raises(KeyError, match="factory"):
        await recorder.run(lambda _: None)
    assert clock.monotonic_ns() == 510_000_000


async def test_a_silent_analyser_behind_a_restored_link_keeps_the_back_off(clock: VirtualClock) -> None:
    def script(poll: int) -> Step:
        return {0: GONE, 1: DeviceTimeoutError("booting")}.get(poll, 0.0)

    source = ScriptedSource(clock, script)
    await reconnecting(source, clock, 2).run(lambda _: None)
    assert source.polled_s[:4] == [0, 0.5, 1.5, 1.6]


async def test_only_the_named_errors_mean_a_lost_link(clock: VirtualClock) -> None:
    script: list[Step] = [TimeoutError(), LinkError("a"), 0.0, 0.0]
    source = ScriptedSource(clock, script.__getitem__)
    recorder = reconnecting(source, clock, 0.4, reconnect_on=(TimeoutError,))
    await recorder.run(lambda _: None)
    assert recorder.summary.outages == 1
    assert source.polled_s == [0]
    plain = Recorder(ScriptedSource(clock, lambda _: GONE), rate_hz=10, duration=1, reconnect_on=(), clock=clock)
    await plain.run(lambda _: None)
    assert (plain.summary.errors, plain.summary.disconnects) == (10, 0)


class HidingManager(ScriptedSource):
    """Never raises: reports a dead analyser as an error Sample in its batch."""

    async def poll_samples(
        self, *, names: Sequence[str] | None = None, timeout: float | None = None
    ) -> Sequence[Sample]:
        (sample,) = await super().poll_samples(names=names, timeout=timeout)
        if len(self.polled_ns) not in (2, 3):
            return (sample,)
        return (Sample("A", None, None, sample.protocol, sample.monotonic_ns, sample.received_at, error=GONE),)


async def test_row_15_a_lost_link_inside_a_batch_starts_the_reconnect_logic(clock: VirtualClock) -> None:
    source = HidingManager(clock)
    recorder = reconnecting(source, clock, 2)
    await recorder.run(lambda _: None)
    assert source.polled_s[:5] == [0, 0.1, 0.6, 1.6, 1.7]
    assert (recorder.summary.disconnects, recorder.summary.reconnects, recorder.summary.errors) == (2, 1, 15)


async def test_a_source_that_closes_badly_is_replaced_all_the_same(clock: VirtualClock) -> None:
    class Stubborn(ScriptedSource):
        async def aclose(self) -> None:
            raise OSError("device busy")

    working = ScriptedSource(clock)
    source = Stubborn(clock, lambda _: GONE)
    await reconnecting(source, clock, 2, reconnect_factory=Workshop(clock, lambda _: (0, working))).run(lambda _: None)
    assert len(working.polled_ns) == 15


async def test_cancelling_during_an_attempt_closes_what_was_built(clock: VirtualClock) -> None:
    built = ScriptedSource(clock, lambda poll: 99.0 if poll == 0 else 0.0)
    factory: Callable[[], Awaitable[PollSource]] = Workshop(clock, lambda _: (0, built))
    recorder = reconnecting(ScriptedSource(clock, lambda _: GONE), clock, 60, reconnect_factory=factory)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(recorder.run, lambda _: None)
        await clock.sleep(5)
        tasks.cancel_scope.cancel()
    assert built.closed == 1
