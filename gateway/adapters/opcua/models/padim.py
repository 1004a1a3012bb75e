"""An analyser as a process analyser of PA-DIM: one typed signal per channel."""

from __future__ import annotations

from asyncua import ua

from gateway.adapters.opcua.address_space.property_values import range_value, unit_value
from gateway.adapters.opcua.engine.wire_types import site_node
from gateway.adapters.opcua.models.calibration_groups import ModelMethod, add_calibration_groups
from gateway.adapters.opcua.models.health import analyser_health
from gateway.adapters.opcua.models.instances import Content, Instances
from gateway.adapters.opcua.models.nameplate import nameplate, text
from gateway.adapters.opcua.models.namespaces import SITE, NodeRef
from gateway.adapters.opcua.models.node_table import BrowseName
from gateway.adapters.opcua.models.padim_types import (
    ANALOG_SIGNAL,
    ANALYTICAL_SIGNAL,
    PROCESS_ANALYSER,
    TECHNOLOGIES,
)
from gateway.adapters.opcua.models.point_places import PointPlaces
from gateway.adapters.opcua.models.standard_types import FLOAT
from gateway.adapters.opcua.node_ids import HEALTH_ALARMS_FOLDER
from gateway.adapters.opcua.notifications.point_views import PointView
from gateway.model.meaning import DeviceChannel, Meaning
from gateway.model.points import DeviceSpec, PointSpec
from gateway.model.readings import ChannelKind

SIGNAL_SET = "SignalSet"


def analyser_type(device: DeviceSpec) -> NodeRef:
    """The type of one technology if all measured channels are of it, else that of process analysers in general."""
    used = {channel.technology for channel in device.channels if channel.role.kind is ChannelKind.MEASURED}
    technology = used.pop() if len(used) == 1 else None
    return PROCESS_ANALYSER if technology is None else TECHNOLOGIES[technology].analyser


def signal_type(channel: DeviceChannel) -> NodeRef:
    """By technology; where that is not known, an analytical signal, and for an external input an analogue one."""
    if channel.role.kind is ChannelKind.EXTERNAL:
        return ANALOG_SIGNAL
    return ANALYTICAL_SIGNAL if channel.technology is None else TECHNOLOGIES[channel.technology].signal


def signal_contents(tag: str, view: PointView, point: PointSpec) -> dict[str, Content]:
    """What a signal holds; a range or a unit that nobody knows is left out."""
    contents = {"SignalTag": text(tag), "AnalogSignal": Content(view, data_type=FLOAT)}
    if point.unit:
        contents["AnalogSignal/EngineeringUnits"] = Content(value=unit_value(point.unit))
    if point.display_range is not None:
        contents["AnalogSignal/EURange"] = Content(value=range_value(*point.display_range))
    return contents


def add_process_analyser(device: DeviceSpec, root: str, parent: ua.NodeId, make: Instances) -> tuple[ModelMethod, ...]:
    """Add one analyser.

    Args:
        device: The analyser.
        root: String part of the NodeId of its object.
        parent: What it is a component of.
        make: Makes the nodes.

    Returns:
        Methods to be added and offered.
    """
    places = PointPlaces(device)
    contents = {
        **nameplate(device, places),
        "DeviceHealth": Content(analyser_health(device, places)),
        HEALTH_ALARMS_FOLDER: Content(),
        SIGNAL_SET: Content(),
    }
    name = BrowseName(SITE, device.name)
    node_id = make.create(root, parent, name, analyser_type(device), contents, description=device.description)
    signals = f"{root}/{SIGNAL_SET}"
    for channel in device.channels:
        place = places.find(channel.name, Meaning.VALUE)
        if place is not None:
            view = PointView(places.group, place, ua.VariantType.Float)
            make.create(
                f"{signals}/{channel.name}",
                site_node(signals),
                BrowseName(SITE, channel.name),
                signal_type(channel),
                signal_contents(channel.tag or f"{device.name}/{channel.name}", view, places.point(place)),
                description=channel.description,
            )
    return add_calibration_groups(device, root, node_id, places, make)
