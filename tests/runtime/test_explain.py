"""What a running gateway says about a point: the state clients see, with the reason and the moment it began."""

from __future__ import annotations

import json

import pytest

from gateway.errors import DeviceTimeoutError, GatewayError, InputError
from gateway.model.channel_projection import ChannelProjector
from gateway.model.channel_spec import ChannelSpec
from gateway.model.device_description import DeviceDescription
from gateway.model.diagnostics import COUNTERS
from gateway.model.points import AlarmLimits, SiteSpec
from gateway.model.readings import AnalyserStatus, ChannelKind, ChannelStatus, ProtocolKind, Reading
from gateway.model.sample import Sample
from gateway.model.site_builder import build_site
from gateway.runtime.diagnostics import CounterProjector
from gateway.runtime.explain import Explainer, LivePoint
from gateway.runtime.freshness import Freshness
from gateway.runtime.hub import Hub
from gateway.streaming.summary import AcquisitionSummary
from gateway.testing.virtual_clock import VirtualClock

CHANNELS = {"I1": ChannelSpec("%", (0, 25), limits=AlarmLimits(high=6.5)), "E1": ChannelSpec("mA")}
SECOND = 1_000_000_000


class Running:
    """One analyser between a hub and an explainer, fed by hand."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.site: SiteSpec = build_site("plant", [("stack", "", DeviceDescription("", "", CHANNELS, has_clock=True))])
        self.hub = Hub(self.site)
        self.freshness = Freshness("stack", ChannelProjector(self.site.groups[0], CHANNELS), self.hub, self.clock, 5.0)
        self.explainer = Explainer(self.site, {"stack": self.freshness}, self.clock)
        self.hub.subscribe(self.explainer)

    def deliver(self, value: float | None = 5.25, *, unit: str = "%", maintenance: bool = False, **flags: bool) -> None:
        stamp = self.clock.stamp()
        batch = []
        for channel, kind in (("I1", ChannelKind.MEASURED), ("E1", ChannelKind.EXTERNAL)):
            sent = (value, unit, flags) if channel == "I1" else (4.0, "mA", {})
            reading = Reading(channel, kind, "O2", sent[0], sent[1], ChannelStatus(**sent[2]), b"\x40\xa8\0\0")
            batch.append(
                Sample(
                    "stack",
                    channel,
                    reading,
                    ProtocolKind.MODBUS_RTU,
                    stamp.monotonic_ns,
                    stamp.utc,
                    requested_at=stamp.utc,
                    latency_s=0.081,
                    metadata={"analyser": AnalyserStatus(maintenance=maintenance)},
                )
            )
        self.freshness.deliver(batch)

    def explain(self, path: str = "I1/Value") -> LivePoint:
        return self.explainer.explain(f"stack/{path}")

    async def pass_seconds(self, seconds: float) -> None:
        await self.clock.sleep_until(self.clock.monotonic_ns() + round(seconds * SECOND))


@pytest.fixture
def running() -> Running:
    return Running()


async def test_before_anything_was_received(running: Running) -> None:
    live = running.explain()
    assert (live.value, live.stamp, live.tick, live.since) == (None, None, None, None)
    assert (live.state, live.status_name, live.alarm_status) == ("waiting", "BadWaitingForInitialData", "UDF")
    assert live.reason == "nothing received since the start"


async def test_a_good_value_with_its_bytes_stamp_tick_and_latency(running: Running) -> None:
    running.deliver()
    await running.pass_seconds(1)
    running.deliver()
    await running.pass_seconds(0.25)
    live = running.explain()
    assert (live.value, live.raw, live.sent_unit, live.latency_s) == (5.25, "40 a8 00 00", "%", 0.081)
    assert (live.tick, live.age_s) == (2, 0.25)
    assert live.stamp is not None
    assert live.since is not None
    assert live.since < live.stamp < live.asked_at
    assert (live.state, live.status_code, live.alarm_severity) == ("good", 0, "NO_ALARM")
    assert live.communication.state == "good"
    name = running.explain("I1/Name")
    assert (name.value, name.raw, name.reason) == ("O2", "", "fresh")
    clock = running.explain("Clock/Offset")
    assert (clock.state, clock.reason) == ("no-value", "the analyser's clock is not set, or shows no date")


async def test_a_state_of_the_value_has_its_own_beginning_and_reason(running: Running) -> None:
    running.deliver(5.25)
    await running.pass_seconds(1)
    running.deliver(6.75)
    since = running.explain().stamp
    await running.pass_seconds(1)
    running.deliver(6.9)
    live = running.explain()
    assert (live.state, live.reason) == ("high", "6.9 % is at or above the limit high, 6.5 %")
    assert live.since == since != live.stamp
    running.deliver(7.0, fault=True)
    faulty = running.explain()
    assert (faulty.status_name, faulty.reason, faulty.decided_by) == (
        "BadSensorFailure",
        "I1/Fault is set",
        ["I1/Fault"],
    )
    assert running.explain("I1/Fault").value is True
    other = running.explain("E1/Value")
    assert other.state == "good"
    assert other.since is not None
    assert other.since < faulty.since  # type: ignore[operator]


async def test_a_failed_read_shows_the_error_and_since_when(running: Running) -> None:
    running.deliver()
    await running.pass_seconds(1)
    lost_at = running.clock.stamp()
    error = DeviceTimeoutError("no usable answer", where="bus flue, address 30", hint="check the cable", raw=b"\x1e")
    running.freshness.fail(error, lost_at)
    await running.pass_seconds(1)
    running.freshness.fail(error, running.clock.stamp())
    live = running.explain()
    assert (live.value, live.state) == (5.25, "communication-interrupted")
    assert live.reason == "bus flue, address 30: no usable answer [1e]; check the cable"
    assert live.since == lost_at.utc.isoformat(timespec="microseconds")
    assert live.communication.failures == 2
    assert live.communication.last_failure == live.reason
    assert live.communication.last_failure_at != live.since
    running.deliver()
    again = running.explain()
    assert (again.state, again.communication.failures) == ("good", 0)
    assert again.communication.last_failure, "what happened last stays to be seen"


async def test_counters_come_with_every_point_and_are_points_themselves(running: Running) -> None:
    summary = AcquisitionSummary(running.clock.stamp().utc, samples_emitted=7, scheduled=8, samples_late=1)
    assert running.explain("Diagnostics/Late").state == "waiting"
    projector = CounterProjector(running.site.groups[-1], COUNTERS, summary)
    running.hub.publish(projector.project(running.clock.stamp()))
    running.deliver()
    assert running.explain().counters["Diagnostics"]["Late"] == 1
    late = running.explain("Diagnostics/Late")
    assert (late.value, late.state, late.raw, late.latency_s) == (1, "good", "", None)


async def test_stopping_is_told(running: Running) -> None:
    running.deliver()
    running.freshness.stop(running.clock.stamp())
    assert running.explain().status_name == "BadShutdown"


async def test_an_unknown_point_is_refused_and_an_answer_is_json(running: Running) -> None:
    running.deliver()
    for wrong in ("stack/I9/Value", "attic/I1/Value", "", "stack"):
        with pytest.raises(InputError, match="was started with other settings"):
            running.explainer.explain(wrong)
    answers = [answer async for answer in running.explainer.answer({"verb": "explain", "point": "stack/I1/Value"})]
    assert len(answers) == 1
    assert LivePoint.from_json(json.loads(json.dumps(answers[0]))) == running.explain()
    with pytest.raises(GatewayError, match="of one version"):
        LivePoint.from_json({**answers[0], "communication": {}})
