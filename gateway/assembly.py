"""From validated settings to the parts that acquire: buses, taps and one runner per analyser."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from gateway import registry
from gateway.model.bus_health import ADDRESS_COUNTERS, BUS_COUNTERS
from gateway.model.device_description import DeviceDescription
from gateway.model.diagnostics import COUNTERS, Counter
from gateway.model.points import DeviceSpec, SiteSpec
from gateway.model.projection import projection
from gateway.model.readings import ProtocolKind
from gateway.model.site_builder import DRIVER_COUNTERS
from gateway.model.stamp import Clock
from gateway.ports import ActionExecutor, LocalSource, WireActionDriver
from gateway.runtime.action_gates import ActionGates
from gateway.runtime.analyser_actions import AnalyserActions
from gateway.runtime.audit_log import AuditLog
from gateway.runtime.broadcast import BroadcastAcquisition
from gateway.runtime.diagnostics import CounterProjector
from gateway.runtime.freshness import Freshness, default_stale_s
from gateway.runtime.hub import Hub
from gateway.runtime.polled import PolledAcquisition
from gateway.runtime.supervisor import AnalyserRunner
from gateway.runtime.users import Users
from gateway.settings.site_settings import AnalyserSettings, GatewaySettings
from gateway.settings.site_spec import describe_devices
from gateway.wire.admission import PlannedUse
from gateway.wire.bus import SharedModbusBus
from gateway.wire.opener import ByteLinkOpener
from gateway.wire.tap import WireTap


@dataclass
class Wires:
    """Every way to an analyser.

    Attributes:
        modbus: Name to bus, for those that are asked.
        taps: Name to where one can listen in, for all buses.
        local: Name of an analyser that is on no bus to what its driver reaches it by.
    """

    modbus: dict[str, SharedModbusBus] = field(default_factory=dict)
    taps: dict[str, WireTap] = field(default_factory=dict)
    local: dict[str, LocalSource] = field(default_factory=dict)

    async def aclose(self) -> None:
        """Close every bus."""
        for bus in self.modbus.values():
            await bus.aclose()


def assemble_wires(settings: GatewaySettings, clock: Clock) -> Wires:
    """All buses and all analysers that are on none, nothing of it opened yet."""
    wires = Wires()
    described = describe_devices(settings)
    for name, spec in settings.buses.items():
        tap = wires.taps[name] = WireTap()
        if spec.protocol is ProtocolKind.CONTINUOUS:
            continue
        planned: dict[int, PlannedUse] = {}
        for analyser in _on_bus(settings, name):
            address = described[analyser.name].address
            if address is not None:
                exchanges = registry.wire_driver(analyser.driver).exchanges(analyser.options, spec.protocol)
                planned[address] = PlannedUse(1 / analyser.rate_hz, spec.timing.sweep_s(exchanges))
        wires.modbus[name] = SharedModbusBus(name, spec, clock, tap, planned)
    for name, analyser in settings.analysers.items():
        if not analyser.bus:
            driver = registry.local_driver(analyser.driver)
            wires.local[name] = driver.connect(name, analyser.options, analyser.rate_hz, clock)
    return wires


def _on_bus(settings: GatewaySettings, bus: str) -> list[AnalyserSettings]:
    return [analyser for analyser in settings.analysers.values() if analyser.bus == bus]


def assemble_actions(
    settings: GatewaySettings, site: SiteSpec, wires: Wires, hub: Hub, users: Users, audit: AuditLog, clock: Clock
) -> dict[str, AnalyserActions]:
    """The actions of every analyser on which the settings open one, by its name."""
    actions: dict[str, AnalyserActions] = {}
    for device, analyser in zip(site.devices, settings.analysers.values(), strict=True):
        executor = _executor(analyser, wires)
        if device.actions and executor is not None:
            gates = ActionGates(device.actions, analyser.actions, settings.operators, users.role_of)
            actions[device.name] = AnalyserActions(device, gates, executor, hub, audit, clock)
    return actions


def _executor(analyser: AnalyserSettings, wires: Wires) -> ActionExecutor | None:
    if not analyser.bus:
        source = wires.local[analyser.name]
        return source if isinstance(source, ActionExecutor) else None
    driver, bus = registry.driver(analyser.driver), wires.modbus.get(analyser.bus)
    if bus is None or not isinstance(driver, WireActionDriver):
        return None
    return driver.executor(analyser.name, analyser.options, bus)


def assemble_analysers(
    settings: GatewaySettings,
    site: SiteSpec,
    wires: Wires,
    hub: Hub,
    clock: Clock,
    actions: Mapping[str, AnalyserActions],
) -> list[AnalyserRunner]:
    """One runner per analyser, in the order of the settings."""
    described = describe_devices(settings)
    return [
        replace(
            _assemble(device, described[analyser.name], analyser, settings, wires, hub, clock),
            actions=actions.get(analyser.name),
        )
        for device, analyser in zip(site.devices, settings.analysers.values(), strict=True)
    ]


def _assemble(
    device: DeviceSpec,
    description: DeviceDescription,
    analyser: AnalyserSettings,
    settings: GatewaySettings,
    wires: Wires,
    hub: Hub,
    clock: Clock,
) -> AnalyserRunner:
    name, protocol = analyser.name, settings.protocol(analyser)
    interval_s = description.frame_interval_s or 1 / analyser.rate_hz
    stale_s = analyser.stale_after_s or default_stale_s(interval_s)
    freshness = Freshness(name, projection(device.groups[0], description), hub, clock, stale_s)
    acquisition: BroadcastAcquisition | PolledAcquisition
    if protocol is ProtocolKind.LOCAL:
        acquisition = BroadcastAcquisition(
            name,
            wires.local[name],
            interval_s=interval_s,
            frames_are_checked=False,
            freshness=freshness,
            clock=clock,
        )
    elif protocol is ProtocolKind.CONTINUOUS:
        opener = ByteLinkOpener(analyser.bus, settings.buses[analyser.bus], clock, wires.taps[analyser.bus])
        source = registry.wire_driver(analyser.driver).listen(name, analyser.options, opener)
        acquisition = BroadcastAcquisition(name, source, interval_s=interval_s, freshness=freshness, clock=clock)
    else:
        sharers = _on_bus(settings, analyser.bus)
        driver = registry.wire_driver(analyser.driver)
        acquisition = PolledAcquisition(
            name,
            driver.poll(name, analyser.options, wires.modbus[analyser.bus]),
            rate_hz=analyser.rate_hz,
            phase_s=sharers.index(analyser) / len(sharers) / analyser.rate_hz,
            protocol=protocol,
            freshness=freshness,
            clock=clock,
        )
    sources: dict[str, tuple[Sequence[Counter], object]] = {"Diagnostics": (COUNTERS, acquisition.summary)}
    if name in wires.local:
        sources[DRIVER_COUNTERS] = (description.counters, wires.local[name].counters)
    if analyser.bus in wires.modbus:
        bus = wires.modbus[analyser.bus]
        sources["Bus"] = (BUS_COUNTERS, bus.health)
        if description.address is not None:
            sources["Address"] = (ADDRESS_COUNTERS, bus.address_health(description.address))
    return AnalyserRunner(name, acquisition, freshness, _counters(device, sources))


def _counters(device: DeviceSpec, sources: Mapping[str, tuple[Sequence[Counter], object]]) -> list[CounterProjector]:
    return [CounterProjector(group, *sources[group.name]) for group in device.groups if group.name in sources]
