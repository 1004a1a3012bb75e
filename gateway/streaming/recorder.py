"""Polling on an absolute schedule, with every slot accounted for."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

import anyio
from anyio.abc import TaskGroup

from gateway.errors import LinkError
from gateway.model.readings import ProtocolKind
from gateway.model.sample import Sample
from gateway.model.schedule import NS_PER_S, Schedule, total_slots
from gateway.model.stamp import Clock
from gateway.ports import PollSource
from gateway.streaming.arguments import finite, positive
from gateway.streaming.clock import SystemClock
from gateway.streaming.error_batch import ErrorBatches
from gateway.streaming.source_link import ReconnectPolicy, SourceLink
from gateway.streaming.summary import AcquisitionSummary

Batch = Sequence[Sample]


class Recorder:
    """Polls a source on an absolute schedule and hands each batch to a callback, in the same step in which it arrived.

    Slot n is due at `start + n / rate_hz`. A slot that is more than a period behind when its turn comes is late and is
    never polled; there is no catching up and no poll after the last slot. A poll that fails or returns nothing
    becomes a batch of error Samples and recording goes on. For a stream with back-pressure use `record`.

    Args:
        source: What is polled.
        rate_hz: Slots per second.
        duration: Seconds, which makes `ceil(round(duration * rate_hz, 9))` slots, at least one; None for no end.
        names: Passed to `poll_samples`.
        timeout: Passed to `poll_samples`, seconds.
        phase_s: Delay of the first slot, so that analysers sharing a bus are spread over the period.
        auto_reconnect: Ride through lost links; without it one ends the recording.
        reconnect_factory: Builds a replacement for a source that cannot reopen itself. The replaced source is closed
            first (if it has `aclose`); the last one built is closed at the end.
        reconnect_on: Error types that mean the link is lost.
        max_attempts: Attempts per outage before its error ends the recording; None for no limit.
        uniform: Random numbers from 0 to 1 for the jitter of the back-off.
        device: Named in error Samples; by default the devices of the last good batch, before that `names`, the
            source's `name`, or its type.
        protocol: The same for the protocol; by default that of the last good batch, before that the source's
            `protocol`, or Modbus RTU.
        clock: Time; by default the machine's.

    Raises:
        ValueError: An argument is not a finite number in its range; the message names it.
    """

    def __init__(
        self,
        source: PollSource,
        *,
        rate_hz: float,
        duration: float | None = None,
        names: Sequence[str] | None = None,
        timeout: float | None = None,
        phase_s: float = 0.0,
        auto_reconnect: bool = False,
        reconnect_factory: Callable[[], Awaitable[PollSource]] | None = None,
        reconnect_on: tuple[type[Exception], ...] = (LinkError,),
        max_attempts: int | None = None,
        uniform: Callable[[], float] = random.random,
        device: str | None = None,
        protocol: ProtocolKind | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.rate_hz = positive("rate_hz", rate_hz)
        self._duration = None if duration is None else positive("duration", duration)
        if self._duration is not None:
            total_slots(self._duration, self.rate_hz)
        if timeout is not None:
            positive("timeout", timeout)
        if finite("phase_s", phase_s) < 0:
            raise ValueError(f"phase_s must be >= 0, got {phase_s!r}")
        if isinstance(names, str):
            raise ValueError(f"names must be a sequence of names, got the text {names!r}")  # noqa: TRY004
        self._clock: Clock = SystemClock() if clock is None else clock
        self._phase_s = float(phase_s)
        self._schedule: Schedule | None = None
        self._running = False
        self.summary = AcquisitionSummary(self._clock.stamp().utc)
        policy = ReconnectPolicy(auto_reconnect, reconnect_factory, reconnect_on, max_attempts, uniform)
        self._link = SourceLink(source, policy, self._clock, self.summary, names=names, timeout=timeout)
        self._error_batches = ErrorBatches(source, self._clock, names=names, device=device, protocol=protocol)

    @property
    def source(self) -> PollSource:
        """What is polled now; another than at the start once a factory has replaced it."""
        return self._link.source

    def start(self) -> Schedule:
        """Fix the schedule: slot 0 is due `phase_s` from now. `run` does it unless it was done before."""
        if self._schedule is None:
            stamp = self._clock.stamp()
            start_ns = stamp.monotonic_ns + round(self._phase_s * NS_PER_S)
            self._schedule = Schedule.at_rate(start_ns, self.rate_hz, self._duration)
            self.summary.started_at = stamp.utc + timedelta(seconds=self._phase_s)
        return self._schedule

    async def run(
        self, deliver: Callable[[Batch], None], *, room: Callable[[], Awaitable[None]] | None = None
    ) -> AcquisitionSummary:
        """Poll until the last slot or until cancelled.

        Args:
            deliver: Takes each batch. It runs in the step in which the poll returned and is already counted.
            room: Awaited between poll and delivery, for back-pressure. A batch cancelled while it waits is dropped.

        Returns:
            The summary, complete but for `finished_at`.

        Raises:
            RuntimeError: Called a second time.
            Exception: A lost link, a program's fault in the source, or whatever `deliver` raises; never in a group.
        """
        if self._running:
            raise RuntimeError("a Recorder runs once; build another one to record again")
        self._running = True
        schedule = self.start()
        failure: Exception | None = None
        try:
            async with anyio.create_task_group() as tasks:
                try:
                    await self._run_slots(schedule, deliver, room, tasks)
                    self._link.raise_fatal()
                except Exception as error:  # noqa: BLE001 - raised below, outside the group
                    failure = error
                tasks.cancel_scope.cancel()
        finally:
            self.summary.producer_ended_at = self._clock.stamp().utc
            await self._link.aclose()
        if failure is not None:
            raise failure
        return self.summary

    async def _run_slots(
        self,
        schedule: Schedule,
        deliver: Callable[[Batch], None],
        room: Callable[[], Awaitable[None]] | None,
        tasks: TaskGroup,
    ) -> None:
        clock, summary, link = self._clock, self.summary, self._link
        slot = 0
        while schedule.total is None or slot < schedule.total:
            due_ns = schedule.due(slot)
            await clock.sleep_until(due_ns)
            now_ns = clock.monotonic_ns()
            if missed := schedule.missed(slot, now_ns):
                slot += missed
                summary.samples_late += missed
                summary.scheduled = slot
                if slot == schedule.total:
                    break
                due_ns = schedule.due(slot)
            summary.observe_start(now_ns - due_ns)
            outcome = await link.poll(schedule.due(slot + 1), tasks)
            slot += 1
            batch = self._error_batches.build(outcome) if isinstance(outcome, Exception) else outcome
            if room is not None:
                try:
                    await room()
                except BaseException:
                    summary.samples_dropped += 1
                    summary.scheduled = slot
                    raise
            if self._error_batches.reports_failure(batch):
                summary.errors += 1
            summary.samples_emitted += 1
            summary.scheduled = slot
            try:
                deliver(batch)
            except BaseException:
                summary.discard(1)
                raise
