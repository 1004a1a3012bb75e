"""Acquisition loops on virtual time: counters exact, faults contained."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Sequence

import anyio
import pytest

from gateway.errors import LinkError, ProtocolError
from gateway.model.quality import State
from gateway.model.readings import ProtocolKind
from gateway.model.sample import Sample
from gateway.runtime.broadcast import BroadcastAcquisition
from gateway.runtime.freshness import Freshness
from gateway.runtime.polled import PolledAcquisition
from gateway.testing.virtual_clock import VirtualClock
from tests.runtime.conftest import Recorded, failed, good


class Script:
    """Polls that end as told; the last entry repeats."""

    def __init__(self, clock: VirtualClock, *ends: Exception | None) -> None:
        self.clock = clock
        self.ends = list(ends)

    async def poll_samples(
        self, *, names: Sequence[str] | None = None, timeout: float | None = None
    ) -> Sequence[Sample]:
        del names, timeout
        await self.clock.sleep(0.1)
        end = self.ends.pop(0) if len(self.ends) > 1 else self.ends[0]
        if end is not None:
            raise end
        return good(self.clock)


def polled(source: Script, freshness: Freshness, clock: VirtualClock) -> PolledAcquisition:
    return PolledAcquisition(
        "stack", source, rate_hz=1.0, phase_s=0.0, protocol=ProtocolKind.MODBUS_TCP, freshness=freshness, clock=clock
    )


async def run_for(seconds: float, clock: VirtualClock, acquisition: PolledAcquisition | BroadcastAcquisition) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(acquisition.run)
        await clock.sleep(seconds)
        tasks.cancel_scope.cancel()


async def test_an_outage_costs_no_slot_and_is_counted_once(
    freshness: Freshness, seen: Recorded, clock: VirtualClock
) -> None:
    gone = [LinkError("cable")] * 4
    acquisition = polled(Script(clock, None, None, *gone, None), freshness, clock)
    await run_for(9.5, clock, acquisition)
    summary = acquisition.summary
    assert (summary.scheduled, summary.samples_emitted, summary.samples_dropped, summary.samples_late) == (10, 10, 0, 0)
    assert (summary.errors, summary.outages, summary.reconnects) == (4, 1, 1)
    assert seen.states == [State.GOOD, State.COMMUNICATION_INTERRUPTED, State.GOOD]


async def test_a_fault_of_the_driver_is_a_failed_read_logged_once_with_its_traceback(
    freshness: Freshness, seen: Recorded, clock: VirtualClock, caplog: pytest.LogCaptureFixture
) -> None:
    faults = [ZeroDivisionError("a bug")] * 3
    acquisition = polled(Script(clock, None, *faults, None), freshness, clock)
    await run_for(5.5, clock, acquisition)
    assert seen.states == [State.GOOD, State.COMMUNICATION_INTERRUPTED, State.GOOD]
    assert acquisition.summary.errors == 3
    tracebacks = [record for record in caplog.records if record.exc_info]
    assert [record.getMessage() for record in tracebacks] == ["stack: fault of the driver"]
    assert tracebacks[0].levelno == logging.ERROR


async def test_a_batch_that_is_not_as_announced_is_a_failed_read_too(
    freshness: Freshness, seen: Recorded, clock: VirtualClock, caplog: pytest.LogCaptureFixture
) -> None:
    class Growing(Script):
        async def poll_samples(
            self, *, names: Sequence[str] | None = None, timeout: float | None = None
        ) -> Sequence[Sample]:
            batch = await super().poll_samples(names=names, timeout=timeout)
            return [*batch, *batch] if 2 <= self.clock.monotonic_ns() / 1e9 < 4 else batch

    await run_for(5.5, clock, polled(Growing(clock, None), freshness, clock))
    assert seen.states == [State.GOOD, State.COMMUNICATION_INTERRUPTED, State.GOOD]
    assert len([record for record in caplog.records if record.exc_info]) == 1


class Broadcast:
    """Each opening of the wire plays one list; a number is a pause in seconds, an exception ends it."""

    def __init__(self, clock: VirtualClock, *openings: Sequence[float | str | Exception]) -> None:
        self.clock = clock
        self.openings = list(openings)
        self.opened_at: list[float] = []

    async def batches(self) -> AsyncGenerator[Sequence[Sample], None]:
        self.opened_at.append(self.clock.monotonic_ns() / 1e9)
        for step in self.openings.pop(0) if self.openings else [LinkError("still gone")]:
            if isinstance(step, Exception):
                raise step
            if isinstance(step, str):
                yield good(self.clock) if step == "good" else failed(self.clock, ProtocolError("bad frame"))
            else:
                await self.clock.sleep(step)


def listening(source: Broadcast, freshness: Freshness, clock: VirtualClock) -> BroadcastAcquisition:
    return BroadcastAcquisition("stack", source, interval_s=2.0, freshness=freshness, clock=clock, uniform=lambda: 0.5)


async def test_frames_fill_slots_bad_ones_are_errors_missing_ones_are_late(
    freshness: Freshness, seen: Recorded, clock: VirtualClock
) -> None:
    source = Broadcast(clock, ["good", 2.0, "good", 2.2, "bad", 2.0, "good", 6.0, "good", 1000])
    acquisition = listening(source, freshness, clock)
    await run_for(13, clock, acquisition)
    summary = acquisition.summary
    assert (summary.scheduled, summary.samples_emitted, summary.samples_late, summary.errors) == (7, 5, 2, 1)
    assert seen.states == [State.GOOD]


async def test_a_lost_wire_is_reopened_with_growing_pauses_and_counted_once(
    freshness: Freshness, seen: Recorded, clock: VirtualClock
) -> None:
    gone = [LinkError("cable")]
    source = Broadcast(clock, ["good", 1.0, *gone], gone, gone, gone, ["good", 1000])
    acquisition = listening(source, freshness, clock)
    await run_for(15, clock, acquisition)
    assert source.opened_at == pytest.approx([0, 1.25, 1.75, 2.75, 2.75 + 2 / 1.2])
    assert (acquisition.summary.outages, acquisition.summary.reconnects) == (1, 1)
    assert seen.states == [State.GOOD, State.COMMUNICATION_INTERRUPTED, State.GOOD]


async def test_a_wire_that_falls_silent_is_opened_again_without_an_outage(
    freshness: Freshness, seen: Recorded, clock: VirtualClock
) -> None:
    source = Broadcast(clock, ["good", 1000], ["good", 1000])
    acquisition = listening(source, freshness, clock)
    await run_for(20, clock, acquisition)
    assert source.opened_at == pytest.approx([0, 15.25])
    assert (acquisition.summary.outages, acquisition.summary.reconnects) == (0, 0)
    assert set(seen.states) == {State.GOOD}


async def test_a_fault_while_listening_does_not_end_the_analyser(
    freshness: Freshness, seen: Recorded, clock: VirtualClock
) -> None:
    source = Broadcast(clock, ["good", 1.0, ZeroDivisionError("a bug")], ["good", 1000])
    await run_for(5, clock, listening(source, freshness, clock))
    assert seen.states == [State.GOOD, State.COMMUNICATION_INTERRUPTED, State.GOOD]
