"""A day of analysers in trouble, in seconds: every slot accounted for, and nothing old ever looks good."""

from __future__ import annotations

import gc
import logging
import sys
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import anyio
import pytest
from anyio.abc import TaskStatus
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.model.channel_projection import ChannelProjector
from gateway.model.channel_spec import ChannelSpec
from gateway.model.device_description import DeviceDescription
from gateway.model.diagnostics import COUNTERS
from gateway.model.points import DeviceSpec
from gateway.model.quality import State
from gateway.model.readings import ProtocolKind
from gateway.model.sample import Sample
from gateway.model.site_builder import build_site
from gateway.runtime.adapter_runner import AdapterRunner
from gateway.runtime.broadcast import BroadcastAcquisition
from gateway.runtime.diagnostics import CounterProjector
from gateway.runtime.freshness import Freshness
from gateway.runtime.hub import Hub
from gateway.runtime.polled import PolledAcquisition
from gateway.runtime.supervisor import AnalyserRunner, Supervisor
from gateway.streaming.summary import AcquisitionSummary
from gateway.testing.scripted_broadcast import ScriptedBroadcast
from gateway.testing.scripted_source import ScriptedSource
from gateway.testing.virtual_clock import VirtualClock
from tests.runtime.fault_plan import FaultKind, FaultPlan, frames, polled_script
from tests.runtime.ladder import Outcome, expected_steps
from tests.runtime.screen import Screen, TroubledServer

DAY_S = 86_400
HOUR_S = 3600
STALE_S = 5.0
TRACEBACKS = 4
"""Different faults of the driver in a plan; each is logged with its traceback once."""

CHANNELS = {"I1": ChannelSpec("%")}
POLLED = tuple(FaultKind)
BROADCAST = (FaultKind.SILENT, FaultKind.LINK_DOWN, FaultKind.DAMAGED, FaultKind.DRIVER)


class WatchedPolls(ScriptedSource):
    """Notes what came of every poll."""

    outcomes: list[Outcome]

    async def poll_samples(
        self, *, names: Sequence[str] | None = None, timeout: float | None = None
    ) -> Sequence[Sample]:
        fresh = False
        try:
            batch = await super().poll_samples(names=names, timeout=timeout)
            fresh = True
        finally:
            self.outcomes.append(Outcome(self._clock.monotonic_ns(), fresh))
        return batch


class WatchedFrames(ScriptedBroadcast):
    """Notes every good frame and every end of the wire. A bad frame is neither fresh nor a failure to reach anybody."""

    outcomes: list[Outcome]
    frames_ns: list[int]

    async def batches(self) -> AsyncGenerator[Sequence[Sample], None]:
        try:
            async for batch in super().batches():
                self.frames_ns.append(self._clock.monotonic_ns())
                if batch[0].error is None:
                    self.outcomes.append(Outcome(self._clock.monotonic_ns(), fresh=True))
                yield batch
        except Exception:
            self.outcomes.append(Outcome(self._clock.monotonic_ns(), fresh=False))
            raise


@dataclass
class Day:
    """The runtime layer with its analysers and servers, and what came of them."""

    seed: int
    length_s: int
    clock: VirtualClock = field(default_factory=VirtualClock)
    polled: dict[str, WatchedPolls] = field(default_factory=dict)
    broadcast: dict[str, WatchedFrames] = field(default_factory=dict)
    summaries: dict[str, AcquisitionSummary] = field(default_factory=dict)
    plans: dict[str, FaultPlan] = field(default_factory=dict)

    async def live_through(self, polled: int, broadcast: int, every_hour: Callable[[], None] = lambda: None) -> None:
        """Run from the first second to the last; the wall clock is set forwards and back every hour."""
        names = [f"polled{one}" for one in range(polled)] + [f"broadcast{one}" for one in range(broadcast)]
        site = build_site("plant", [(name, "", DeviceDescription("", "", CHANNELS)) for name in names])
        hub = Hub(site)
        self.screen = Screen(site, STALE_S)
        troubled = TroubledServer(site, STALE_S)
        servers = [AdapterRunner("screen", lambda: self.screen, hub), AdapterRunner("troubled", lambda: troubled, hub)]
        runners = [
            self._runner(device, hub, FaultPlan(100 * self.seed + number, POLLED, self.length_s))
            if number < polled
            else self._listener(device, hub, FaultPlan(100 * self.seed + number, BROADCAST, self.length_s))
            for number, device in enumerate(site.devices)
        ]
        stop = anyio.Event()

        async def supervise(*, task_status: TaskStatus[None]) -> None:
            await Supervisor(hub, servers, runners, self.clock).run(stop, task_status=task_status)

        async with anyio.create_task_group() as tasks:
            await tasks.start(supervise)
            for hour_s in range(0, self.length_s, HOUR_S):
                self.clock.step_utc(5400.0 if hour_s // HOUR_S % 2 else -5400.0)
                await self.clock.sleep_until(round((min(hour_s + HOUR_S, self.length_s) - 0.05) * 1e9))
                every_hour()
            stop.set()

    def forget(self) -> None:
        """Let go of what was noted for the checks."""
        for polls in self.polled.values():
            del polls.outcomes[:], polls.polled_ns[:], polls.calls[:]
        for talker in self.broadcast.values():
            del talker.outcomes[:], talker.frames_ns[:], talker.opened_ns[:]
        for steps in self.screen.steps.values():
            steps.clear()

    def _runner(self, device: DeviceSpec, hub: Hub, plan: FaultPlan) -> AnalyserRunner:
        source = WatchedPolls(self.clock, polled_script(plan, self.clock), device=device.name)
        source.outcomes = []
        self.polled[device.name] = source
        freshness = self._freshness(device, hub)
        acquire = partial(PolledAcquisition, device.name, source, rate_hz=1.0, protocol=ProtocolKind.MODBUS_TCP)
        acquisition = acquire(phase_s=0.1 * len(self.polled), freshness=freshness, clock=self.clock)
        return self._with_counters(device, acquisition, freshness, plan)

    def _listener(self, device: DeviceSpec, hub: Hub, plan: FaultPlan) -> AnalyserRunner:
        source = WatchedFrames(self.clock, frames(plan, self.clock), device=device.name)
        source.outcomes, source.frames_ns = [], []
        self.broadcast[device.name] = source
        freshness = self._freshness(device, hub)
        acquisition = BroadcastAcquisition(
            device.name, source, interval_s=1.0, freshness=freshness, clock=self.clock, uniform=plan.random.random
        )
        return self._with_counters(device, acquisition, freshness, plan)

    def _freshness(self, device: DeviceSpec, hub: Hub) -> Freshness:
        return Freshness(device.name, ChannelProjector(device.groups[0], CHANNELS), hub, self.clock, STALE_S)

    def _with_counters(
        self,
        device: DeviceSpec,
        acquisition: PolledAcquisition | BroadcastAcquisition,
        freshness: Freshness,
        plan: FaultPlan,
    ) -> AnalyserRunner:
        self.plans[device.name] = plan
        self.summaries[device.name] = acquisition.summary
        group = device.group("Diagnostics")
        assert group is not None
        counters = CounterProjector(group, COUNTERS, acquisition.summary)
        return AnalyserRunner(device.name, acquisition, freshness, [counters])

    def check(self) -> None:
        """Clients saw the truth all day, and every slot of the day has one fate."""
        assert self.screen.objections == []
        for name, source in {**self.polled, **self.broadcast}.items():
            *steps, last = self.screen.steps[name]
            assert steps == list(expected_steps(source.outcomes, round(STALE_S * 1e9))), name
            assert last.state is State.STOPPED
        for name, polls in self.polled.items():
            summary, polled = self.summaries[name], len(polls.polled_ns)
            assert (summary.scheduled, summary.samples_emitted) == (self.length_s, polled), name
            assert (summary.samples_dropped, summary.samples_late) == (0, self.length_s - polled), name
            assert summary.errors == sum(not outcome.fresh for outcome in polls.outcomes), name
        for name, talker in self.broadcast.items():
            summary, frames_ns = self.summaries[name], talker.frames_ns
            assert summary.scheduled == self.length_s - frames_ns[0] // 10**9, name
            assert summary.samples_emitted == len(frames_ns), name

    def check_log(self, records: Sequence[logging.LogRecord]) -> None:
        """The log grew with what changed, not with what failed."""
        for name, plan in self.plans.items():
            said = [record for record in records if record.name == f"gateway.analyser.{name}"]
            begun = sum(episode.kind is FaultKind.DAMAGED for episode in plan.episodes)
            assert len(said) <= len(self.screen.steps[name]) + begun + TRACEBACKS, name
            assert sum(bool(record.exc_info) for record in said) <= TRACEBACKS
        said = [record for record in records if record.name == "gateway.adapters.troubled"]
        assert len(said) == 2 * -(-self.length_s // HOUR_S)


def test_a_day(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="gateway")
    day = Day(1, DAY_S)
    anyio.run(day.live_through, 2, 1)
    day.check()
    day.check_log(caplog.records)
    assert min(summary.errors for summary in day.summaries.values()) > 1000
    assert min(len(steps) for steps in day.screen.steps.values()) > 500


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(2, 2**32))
def test_any_ten_minutes(seed: int) -> None:
    day = Day(seed, 600)
    anyio.run(day.live_through, 2, 2)
    day.check()


def test_memory_does_not_grow_with_trouble(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, logger="gateway")  # what the log keeps is the log's
    day = Day(3, 5 * HOUR_S)
    blocks: list[int] = []

    def measure() -> None:
        day.forget()
        gc.collect()
        blocks.append(sys.getallocatedblocks())

    anyio.run(day.live_through, 1, 1, measure)
    assert max(blocks[1:]) - blocks[1] < 200, blocks
