"""From the settings to where a point comes from."""

from __future__ import annotations

from gateway import registry
from gateway.cli.find_point import FoundPoint
from gateway.export.explanation import WhereFrom
from gateway.model.bus_health import ADDRESS_COUNTERS, BUS_COUNTERS
from gateway.model.bus_spec import BusSpec, LinkKind
from gateway.model.device_description import DeviceDescription
from gateway.model.diagnostics import COUNTERS, Counter
from gateway.model.point_memory import HARD_LIMIT
from gateway.model.points import ValueKind
from gateway.model.readings import ProtocolKind
from gateway.model.site_builder import DRIVER_COUNTERS
from gateway.ports import ExplainingDriver
from gateway.runtime.freshness import default_stale_s
from gateway.settings.site_settings import AnalyserSettings, GatewaySettings
from gateway.settings.site_spec import describe_devices

_OF_THE_GATEWAY = {("Status", "Communication"), ("Status", "Tick")}
"""Points among the acquired ones that no analyser sends."""


def where_from(settings: GatewaySettings, point: FoundPoint) -> WhereFrom:
    """Driver, bus, address, register or frame field, or the counter that the point shows."""
    device, group = point.device, point.group
    analyser = settings.analysers[device.name]
    spec = settings.buses[analyser.bus] if analyser.bus else None
    protocol = settings.protocol(analyser)
    description = describe_devices(settings)[device.name]
    made = " ".join(filter(None, (device.manufacturer, device.model)))
    return WhereFrom(
        analyser=device.name
        + (f" ({made})" if made else "")
        + (f": {device.description}" if device.description else ""),
        driver=analyser.driver,
        bus=analyser.bus,
        wire=_wire(spec) if spec else "",
        requests=_requests(spec) if spec else "",
        address=description.address,
        origin=_origin(analyser, protocol, point, description),
        pace=_pace(analyser, description.frame_interval_s) if group is device.groups[0] else "",
        flags={
            flag.browse_path: _by_driver(analyser, protocol, flag.path)
            for flag in group.points
            if flag.kind is ValueKind.BOOLEAN and flag.path[0] in (point.spec.path[0], "Status")
        },
    )


def _pace(analyser: AnalyserSettings, frame_interval_s: float | None) -> str:
    interval_s = frame_interval_s or 1 / analyser.rate_hz
    stale_s = analyser.stale_after_s or default_stale_s(interval_s)
    how = "sent unasked" if frame_interval_s else "asked"
    return f"{how} every {interval_s:g} s; stale after {stale_s:g} s, lost after {HARD_LIMIT * stale_s:g} s"


def _wire(spec: BusSpec) -> str:
    parts = [f"{spec.protocol.value} on {spec.link}"]
    if spec.parsed_link.kind is not LinkKind.SOCKET:
        stop_bits = "1 stop bit" if spec.stopbits == 1 else f"{spec.stopbits} stop bits"
        parts.append(f"{spec.baudrate} baud, {spec.bytesize} data bits, {spec.parity} parity, {stop_bits}")
    return ", ".join(parts)


def _requests(spec: BusSpec) -> str:
    if spec.protocol is ProtocolKind.CONTINUOUS:
        return ""
    return f"{spec.idle_gap_ms:g} ms of silence before each, {spec.attempts} attempts of {spec.timeout_s:g} s"


def _by_driver(analyser: AnalyserSettings, protocol: ProtocolKind, path: tuple[str, ...]) -> str:
    driver = registry.driver(analyser.driver)
    return driver.origin(analyser.options, protocol, path) if isinstance(driver, ExplainingDriver) else ""


def _origin(
    analyser: AnalyserSettings, protocol: ProtocolKind, point: FoundPoint, description: DeviceDescription
) -> str:
    path = point.spec.path
    if point.group is point.device.groups[0]:
        if path in _OF_THE_GATEWAY:
            return "Kept by the gateway itself."
        return _by_driver(analyser, protocol, path) or f"The driver {analyser.driver} does not tell."
    tables: dict[str, tuple[tuple[Counter, ...], str]] = {
        "Diagnostics": (COUNTERS, f"the schedule of {analyser.name}"),
        "Address": (ADDRESS_COUNTERS, f"address {description.address} on bus {analyser.bus}"),
        "Bus": (BUS_COUNTERS, f"bus {analyser.bus}"),
        DRIVER_COUNTERS: (description.counters, f"the driver {analyser.driver}"),
    }
    table, owner = tables.get(point.group.name, ((), ""))
    attribute = next((counter.attribute for counter in table if counter.point.path == path), None)
    if attribute is None:
        return "Kept by the gateway itself."
    return f"Counter `{attribute}` of {owner}, kept by the gateway and published once a second."
