"""The composition root: from validated settings to a running gateway."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack

import anyio
from anyio.abc import TaskStatus

from gateway import registry
from gateway.model.diagnostics import COUNTERS
from gateway.model.projection import Projector
from gateway.model.readings import ProtocolKind
from gateway.model.stamp import Clock
from gateway.ports import Adapter
from gateway.runtime.adapter_runner import AdapterRunner
from gateway.runtime.broadcast import BroadcastAcquisition
from gateway.runtime.diagnostics import CounterProjector
from gateway.runtime.freshness import Freshness, default_stale_s
from gateway.runtime.hub import Hub
from gateway.runtime.polled import PolledAcquisition
from gateway.runtime.supervisor import AnalyserRunner, Supervisor
from gateway.settings.site_settings import GatewaySettings
from gateway.settings.site_spec import describe_devices, site_spec
from gateway.streaming.clock import SystemClock
from gateway.wire.bus import SharedModbusBus
from gateway.wire.opener import ByteLinkOpener


class Gateway:
    """One running gateway.

    Args:
        settings: Validated and checked.
        clock: Time; by default the machine's.
    """

    def __init__(self, settings: GatewaySettings, clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock: Clock = SystemClock() if clock is None else clock
        self._site = site_spec(settings)
        self._hub = Hub(self._site)
        self._servers = [
            AdapterRunner(name, self._adapter_factory(name, section), self._hub)
            for name, section in settings.adapters.items()
        ]

    @property
    def endpoints(self) -> dict[str, tuple[str, ...]]:
        """What clients connect to, by adapter; empty before the servers have started."""
        return {server.name: server.endpoints for server in self._servers}

    async def run(self, stop: anyio.Event, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Acquire and serve until `stop` is set or until cancelled.

        Raises:
            AdapterError: A server cannot start.
        """
        async with AsyncExitStack() as wires:
            supervisor = Supervisor(self._hub, self._servers, self._analysers(wires), self._clock)
            await supervisor.run(stop, task_status=task_status)

    def _adapter_factory(self, name: str, section: object) -> Callable[[], Adapter]:
        return lambda: registry.adapter(name).create(self._site, section)

    def _analysers(self, wires: AsyncExitStack) -> Sequence[AnalyserRunner]:
        buses: dict[str, SharedModbusBus] = {}
        on_bus: dict[str, int] = {}
        runners: list[AnalyserRunner] = []
        described = describe_devices(self._settings)
        for device, (name, analyser) in zip(self._site.devices, self._settings.analysers.items(), strict=True):
            spec = self._settings.buses[analyser.bus]
            description = described[name]
            driver = registry.driver(analyser.driver)
            interval_s = description.frame_interval_s or 1 / analyser.rate_hz
            stale_s = analyser.stale_after_s or default_stale_s(interval_s)
            projector = Projector(device.groups[0], description.channels)
            freshness = Freshness(name, projector, self._hub, self._clock, stale_s)
            acquisition: BroadcastAcquisition | PolledAcquisition
            if spec.protocol is ProtocolKind.CONTINUOUS:
                opener = ByteLinkOpener(analyser.bus, spec, self._clock)
                acquisition = BroadcastAcquisition(
                    name,
                    driver.listen(name, analyser.options, opener),
                    interval_s=interval_s,
                    freshness=freshness,
                    clock=self._clock,
                )
            else:
                if analyser.bus not in buses:
                    buses[analyser.bus] = SharedModbusBus(analyser.bus, spec, self._clock)
                    wires.push_async_callback(buses[analyser.bus].aclose)
                position = on_bus[analyser.bus] = on_bus.get(analyser.bus, -1) + 1
                sharers = sum(1 for other in self._settings.analysers.values() if other.bus == analyser.bus)
                acquisition = PolledAcquisition(
                    name,
                    driver.poll(name, analyser.options, buses[analyser.bus]),
                    rate_hz=analyser.rate_hz,
                    phase_s=position / sharers / analyser.rate_hz,
                    protocol=spec.protocol,
                    freshness=freshness,
                    clock=self._clock,
                )
            counters = CounterProjector(device.groups[-1], COUNTERS, acquisition.summary)
            runners.append(AnalyserRunner(name, acquisition, freshness, counters))
        return runners
