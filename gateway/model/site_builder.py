"""From described analysers to every point that clients will see."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gateway.model.actions import ACTION_POINTS
from gateway.model.bus_health import ADDRESS_COUNTERS, BUS_COUNTERS
from gateway.model.channel_spec import ChannelSpec
from gateway.model.device_description import DeviceDescription
from gateway.model.diagnostics import COUNTERS
from gateway.model.meaning import ChannelRole, DeviceChannel, Meaning
from gateway.model.points import DeviceSpec, PointGroup, PointSpec, SiteSpec, ValueKind
from gateway.model.quality import QUALITY

ACQUIRED = "Acquired"
"""Group of what the analyser itself says; its quality follows the settings, that of the others the default table."""

DRIVER_COUNTERS = "DriverCounters"
"""Group of `DeviceDescription.counters`."""

CHANNEL_FLAGS: tuple[tuple[str, Meaning, str], ...] = (
    ("Fault", Meaning.FAULT, "The transducer reports a fault"),
    ("Maintenance", Meaning.MAINTENANCE, "The transducer asks for maintenance"),
    ("Calibrating", Meaning.CALIBRATING, "A calibration is in progress"),
    ("WarmingUp", Meaning.WARMING_UP, "Not yet at working temperature"),
    ("Invalid", Meaning.INVALID_INPUT, "External input out of range or unusable"),
    ("Alarm1", Meaning.ALARM_1, "Alarm 1 is up"),
    ("Alarm2", Meaning.ALARM_2, "Alarm 2 is up"),
    ("Alarm3", Meaning.ALARM_3, "Alarm 3 is up"),
    ("Alarm4", Meaning.ALARM_4, "Alarm 4 is up"),
)
"""Status bits of a channel, in the order in which `ChannelProjector` writes them."""


def _point(owner: str, name: str, kind: ValueKind, meaning: Meaning, text: str) -> PointSpec:
    return PointSpec((owner, name), kind, text, meaning=meaning)


def value_point(channel: str, spec: ChannelSpec, kind: ValueKind = ValueKind.FLOAT, name: str = "Value") -> PointSpec:
    """The point of a channel's value.

    Args:
        channel: Identity of the channel.
        spec: The channel in the settings.
        kind: Natural type; ranges and decimals go with numbers alone.
        name: What the point is called within the channel.
    """
    if kind in (ValueKind.BOOLEAN, ValueKind.TEXT):
        return PointSpec(
            (channel, name), kind, spec.description or f"Channel {channel}", cyclic=True, meaning=Meaning.VALUE
        )
    return PointSpec(
        (channel, name),
        kind,
        spec.description or f"Channel {channel}",
        unit=spec.unit,
        display_range=spec.range,
        precision=spec.precision if kind is ValueKind.FLOAT else 0,
        limits=spec.limits,
        cyclic=True,
        meaning=Meaning.VALUE,
        instrument_range=spec.instrument_range,
    )


def _channel_points(channel: str, spec: ChannelSpec) -> Iterator[PointSpec]:
    yield value_point(channel, spec)
    yield _point(channel, "Name", ValueKind.TEXT, Meaning.NAME, "Name that the analyser gives the channel")
    for name, meaning, text in CHANNEL_FLAGS:
        yield _point(channel, name, ValueKind.BOOLEAN, meaning, text)


def _gateway_points() -> Iterator[PointSpec]:
    """What the gateway itself says of an analyser."""
    communication = "State of the communication with the analyser"
    yield _point("Status", "Communication", ValueKind.TEXT, Meaning.COMMUNICATION, communication)
    yield PointSpec(
        ("Status", "Tick"),
        ValueKind.INTEGER,
        "Good batches since the start; steady is not dead",
        cyclic=True,
        meaning=Meaning.TICK,
    )


def _analyser_points(description: DeviceDescription) -> Iterator[PointSpec]:
    yield _point("Status", "Fault", ValueKind.BOOLEAN, Meaning.FAULT, "The analyser reports a fault")
    yield _point("Status", "Maintenance", ValueKind.BOOLEAN, Meaning.MAINTENANCE, "The analyser asks for maintenance")
    for number in range(1, description.calibration_groups + 1):
        group = f"Group{number}"
        calibrating = f"Calibration group {number} is on calibration gas"
        yield _point(group, "Calibrating", ValueKind.BOOLEAN, Meaning.CALIBRATING, calibrating)
        gas = f"Number of the gas of calibration group {number}"
        yield _point(group, "Gas", ValueKind.INTEGER, Meaning.CALIBRATION_GAS, gas)
    if description.has_clock:
        yield PointSpec(
            ("Clock", "Time"),
            ValueKind.TEXT,
            "The analyser's own clock, without time zone",
            cyclic=True,
            meaning=Meaning.CLOCK,
        )
        yield PointSpec(
            ("Clock", "Offset"),
            ValueKind.FLOAT,
            "Analyser clock minus UTC of this host",
            unit="s",
            cyclic=True,
            meaning=Meaning.CLOCK_OFFSET,
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
            PointGroup(index, device, points, group, description.quality if group == ACQUIRED else QUALITY)
            for index, (group, points) in enumerate(_groups(description), start=groups)
        )
        groups += len(members)
        names = (device, text, description.manufacturer, description.model)
        channels = tuple(_device_channels(description))
        devices.append(
            DeviceSpec(
                *names, members, description.actions, channels, description.companion_model, description.nameplate
            )
        )
    return SiteSpec(name, tuple(devices))


def _device_channels(description: DeviceDescription) -> Iterator[DeviceChannel]:
    for channel, spec in description.channels.items():
        role = description.roles.get(channel, ChannelRole())
        yield DeviceChannel(channel, spec.description, role, spec.technology, spec.tag)


def _groups(description: DeviceDescription) -> Iterator[tuple[str, tuple[PointSpec, ...]]]:
    if description.points:
        yield ACQUIRED, (*(described.point for described in description.points), *_gateway_points())
    else:
        channels = (point for channel, spec in description.channels.items() for point in _channel_points(channel, spec))
        yield ACQUIRED, (*channels, *_gateway_points(), *_analyser_points(description))
    if description.actions:
        yield "Action", ACTION_POINTS
    if description.address is not None:
        yield "Address", tuple(counter.point for counter in ADDRESS_COUNTERS)
    if description.on_shared_bus:
        yield "Bus", tuple(counter.point for counter in BUS_COUNTERS)
    yield "Diagnostics", tuple(counter.point for counter in COUNTERS)
    if description.counters:
        yield DRIVER_COUNTERS, tuple(counter.point for counter in description.counters)
