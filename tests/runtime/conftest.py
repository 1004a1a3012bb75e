"""A small site, a hub that remembers, and batches to feed."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from gateway.model.channel_projection import ChannelProjector
from gateway.model.channel_spec import ChannelSpec
from gateway.model.device_description import DeviceDescription
from gateway.model.points import SiteSpec
from gateway.model.quality import State
from gateway.model.readings import AnalyserStatus, ChannelKind, ChannelStatus, ProtocolKind, Reading
from gateway.model.sample import Sample
from gateway.model.site_builder import build_site
from gateway.model.stamp import Clock
from gateway.model.update import Update
from gateway.runtime.freshness import Freshness
from gateway.runtime.hub import Hub
from gateway.testing.virtual_clock import VirtualClock

CHANNELS = {"I1": ChannelSpec("%")}


@dataclass
class Recorded:
    """A subscriber that keeps what it gets."""

    updates: list[Update] = field(default_factory=list)

    def apply(self, update: Update) -> None:
        self.updates.append(update)

    @property
    def states(self) -> list[State]:
        """State of the first point, repeats left out."""
        seen: list[State] = []
        for update in self.updates:
            if update.group == 0 and (not seen or seen[-1] is not update.states[0]):
                seen.append(update.states[0])
        return seen


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def site() -> SiteSpec:
    return build_site("plant", [("stack", "", DeviceDescription("", "", CHANNELS))])


@pytest.fixture
def hub(site: SiteSpec) -> Hub:
    return Hub(site)


@pytest.fixture
def seen(hub: Hub) -> Recorded:
    recorded = Recorded()
    hub.subscribe(recorded)
    return recorded


@pytest.fixture
def freshness(site: SiteSpec, hub: Hub, clock: VirtualClock) -> Freshness:
    return Freshness("stack", ChannelProjector(site.groups[0], CHANNELS), hub, clock, 5.0)


def good(clock: Clock, value: float = 1.0, unit: str = "%") -> list[Sample]:
    stamp = clock.stamp()
    reading = Reading("I1", ChannelKind.MEASURED, "CO2", value, unit, ChannelStatus())
    return [
        Sample(
            "stack",
            "I1",
            reading,
            ProtocolKind.MODBUS_TCP,
            stamp.monotonic_ns,
            stamp.utc,
            metadata={"analyser": AnalyserStatus()},
        )
    ]


def failed(clock: Clock, error: Exception) -> list[Sample]:
    stamp = clock.stamp()
    return [Sample("stack", None, None, ProtocolKind.MODBUS_TCP, stamp.monotonic_ns, stamp.utc, error=error)]
