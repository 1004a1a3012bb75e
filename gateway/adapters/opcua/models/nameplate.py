"""The nameplate of an analyser (OPC 10000-100 section 4.5.2): what is known of it and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from asyncua import ua

from gateway.adapters.opcua.models.instances import Content
from gateway.adapters.opcua.models.point_places import PointPlaces
from gateway.adapters.opcua.notifications.point_views import PointView
from gateway.model.meaning import Meaning
from gateway.model.points import DeviceSpec

_FROM_POINTS: Mapping[str, Meaning] = {
    "SerialNumber": Meaning.SERIAL_NUMBER,
    "SoftwareRevision": Meaning.SOFTWARE_REVISION,
    "HardwareRevision": Meaning.HARDWARE_REVISION,
}
"""What the instrument may tell itself, which counts before what the settings say."""


def text(value: str) -> Content:
    """A text that stays."""
    return Content(value=ua.Variant(value, ua.VariantType.String))


def localized(value: str) -> Content:
    """A text for people that stays."""
    return Content(value=ua.Variant(ua.LocalizedText(value), ua.VariantType.LocalizedText))


def nameplate(device: DeviceSpec, places: PointPlaces) -> dict[str, Content]:
    """Properties of the analyser by BrowseName. What is left out is not known."""
    return dict(_known(device, places))


def _known(device: DeviceSpec, places: PointPlaces) -> Iterator[tuple[str, Content]]:
    yield "ComponentName", localized(device.name)
    for name, value in (("Manufacturer", device.manufacturer), ("Model", device.model)):
        if value:
            yield name, localized(value)
    plate = device.nameplate
    for name, value in (
        ("SerialNumber", plate.serial_number),
        ("AssetId", plate.asset_id),
        ("ProductCode", plate.product_code),
        ("ProductInstanceUri", plate.product_instance_uri),
        ("HardwareRevision", plate.hardware_revision),
        ("SoftwareRevision", plate.software_revision),
        ("DeviceManual", plate.manual),
    ):
        if value:
            yield name, text(value)
    for name, meaning in _FROM_POINTS.items():
        place = places.of_analyser(meaning)
        if place is not None:
            yield name, Content(PointView(places.group, place, ua.VariantType.String))
