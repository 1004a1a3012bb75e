"""The views by which a companion model shows the health of an analyser and of its channels."""

from __future__ import annotations

from asyncua import ua

from gateway.adapters.opcua.models.derived_values import Health, Part
from gateway.adapters.opcua.models.point_places import PointPlaces
from gateway.adapters.opcua.notifications.point_views import DerivedView
from gateway.model.points import DeviceSpec


def analyser_health(device: DeviceSpec, places: PointPlaces) -> DerivedView:
    """Health of the whole analyser: its own flags and those of all its channels."""
    names = [channel.name for channel in device.channels]
    part = Part(places.witness, places.analyser_flags(), tuple(places.channel_health(name) for name in names))
    return DerivedView(places.group, Health(part), ua.VariantType.Int32)


def channel_health(channel: str, places: PointPlaces) -> DerivedView:
    """Health of one channel."""
    part = Part(places.witness, (), (places.channel_health(channel),))
    return DerivedView(places.group, Health(part), ua.VariantType.Int32)
