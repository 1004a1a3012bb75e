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
"""Status bits of a channel, in the order in which `Projector` writes them."""


def _point(owner: str, name: str, kind: ValueKind, meaning: Meaning, text: str) -> PointSpec:
    return PointSpec((owner, name), kind, text, meaning=meaning)


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
        meaning=Meaning.VALUE,
        instrument_range=spec.instrument_range,
    )
    yield _point(channel, "Name", ValueKind.TEXT, Meaning.NAME, "Name that the analyser gives the channel")
    for name, meaning, text in CHANNEL_FLAGS:
        yield _point(channel, name, ValueKind.BOOLEAN, meaning, text)


def _analyser_points(description: DeviceDescription) -> Iterator[PointSpec]:
    communication = "State of the communication with the analyser"
    yield _point("Status", "Communication", ValueKind.TEXT, Meaning.COMMUNICATION, communication)
    yield PointSpec(
        ("Status", "Tick"),
        ValueKind.INTEGER,
        "Good batches since the start; steady is not dead",
        cyclic=True,
        meaning=Meaning.TICK,
    )
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
    channels = (point for channel, spec in description.channels.items() for point in _channel_points(channel, spec))
    yield ACQUIRED, (*channels, *_analyser_points(description))
    if description.actions:
        yield "Action", ACTION_POINTS
    if description.address is not None:
        yield "Address", tuple(counter.point for counter in ADDRESS_COUNTERS)
    if description.frame_interval_s is None:
        yield "Bus", tuple(counter.point for counter in BUS_COUNTERS)
    yield "Diagnostics", tuple(counter.point for counter in COUNTERS)
