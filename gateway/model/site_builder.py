"""From described analysers to every point that clients will see."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gateway.model.actions import ACTION_POINTS
from gateway.model.bus_health import ADDRESS_COUNTERS, BUS_COUNTERS
from gateway.model.channel_spec import ChannelSpec
from gateway.model.device_description import DeviceDescription
from gateway.model.diagnostics import COUNTERS
from gateway.model.points import DeviceSpec, PointGroup, PointSpec, SiteSpec, ValueKind

CHANNEL_FLAGS: tuple[tuple[str, str], ...] = (
    ("Fault", "The transducer reports a fault"),
    ("Maintenance", "The transducer asks for maintenance"),
    ("Calibrating", "A calibration is in progress"),
    ("WarmingUp", "Not yet at working temperature"),
    ("Invalid", "External input out of range or unusable"),
    ("Alarm1", "Alarm 1 is up"),
    ("Alarm2", "Alarm 2 is up"),
    ("Alarm3", "Alarm 3 is up"),
    ("Alarm4", "Alarm 4 is up"),
)
"""Status bits of a channel, in the order in which `Projector` writes them."""


def _channel_points(channel: str, spec: ChannelSpec) -> Iterator[PointSpec]:
    yield PointSpec(
        (channel, "Value"),
        ValueKind.FLOAT,
        spec.description or f"Channel {channel}",
        unit=spec.unit,
        display_range=spec.range,
        precision=spec.precision,
        limits=spec.limits,
        cyclic=True,
    )
    yield PointSpec((channel, "Name"), ValueKind.TEXT, "Name that the analyser gives the channel")
    for name, meaning in CHANNEL_FLAGS:
        yield PointSpec((channel, name), ValueKind.BOOLEAN, meaning)


def _analyser_points(description: DeviceDescription) -> Iterator[PointSpec]:
    yield PointSpec(("Status", "Communication"), ValueKind.TEXT, "State of the communication with the analyser")
    yield PointSpec(
        ("Status", "Tick"), ValueKind.INTEGER, "Good batches since the start; steady is not dead", cyclic=True
    )
    yield PointSpec(("Status", "Fault"), ValueKind.BOOLEAN, "The analyser reports a fault")
    yield PointSpec(("Status", "Maintenance"), ValueKind.BOOLEAN, "The analyser asks for maintenance")
    for number in range(1, description.calibration_groups + 1):
        group = f"Group{number}"
        yield PointSpec((group, "Calibrating"), ValueKind.BOOLEAN, f"Calibration group {number} is on calibration gas")
        yield PointSpec((group, "Gas"), ValueKind.INTEGER, f"Number of the gas of calibration group {number}")
    if description.has_clock:
        yield PointSpec(("Clock", "Time"), ValueKind.TEXT, "The analyser's own clock, without time zone", cyclic=True)
        yield PointSpec(
            ("Clock", "Offset"), ValueKind.FLOAT, "Analyser clock minus UTC of this host", unit="s", cyclic=True
        )


def build_site(name: str, analysers: Iterable[tuple[str, str, DeviceDescription]]) -> SiteSpec:
    """Describe every point of the site before any input or output.

    Args:
        name: Name of the site.
        analysers: Name, description for people, and the driver's description of each analyser, in order.
    """
    devices: list[DeviceSpec] = []
    groups = 0
    for device, text, description in analysers:
        members = tuple(
            PointGroup(index, device, points, group)
            for index, (group, points) in enumerate(_groups(description), start=groups)
        )
        groups += len(members)
        names = (device, text, description.manufacturer, description.model)
        devices.append(DeviceSpec(*names, members, description.actions))
    return SiteSpec(name, tuple(devices))


def _groups(description: DeviceDescription) -> Iterator[tuple[str, tuple[PointSpec, ...]]]:
    channels = (point for channel, spec in description.channels.items() for point in _channel_points(channel, spec))
    yield "Acquired", (*channels, *_analyser_points(description))
    if description.actions:
        yield "Action", ACTION_POINTS
    if description.address is not None:
        yield "Address", tuple(counter.point for counter in ADDRESS_COUNTERS)
    if description.frame_interval_s is None:
        yield "Bus", tuple(counter.point for counter in BUS_COUNTERS)
    yield "Diagnostics", tuple(counter.point for counter in COUNTERS)
