"""Calibration groups of an analyser, below its device in every model: their state, and methods to start and stop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from asyncua import ua

from gateway.adapters.opcua.models.gas_types import CALIBRATION_GROUP, CALIBRATION_GROUPS
from gateway.adapters.opcua.models.instances import Content, Instances
from gateway.adapters.opcua.models.namespaces import GAS, SITE
from gateway.adapters.opcua.models.node_table import BrowseName
from gateway.adapters.opcua.models.point_places import PointPlaces
from gateway.adapters.opcua.notifications.point_views import PointView
from gateway.model.actions import ActionSpec
from gateway.model.meaning import ActionMeaning, Meaning
from gateway.model.points import DeviceSpec

FOLDER = "CalibrationGroups"


@dataclass(frozen=True, slots=True)
class ModelMethod:
    """A method of a companion model that is an open action of the analyser under another name.

    Attributes:
        identifier: String part of the NodeId.
        parent: String part of the NodeId of the object that has it.
        device: Name of the analyser.
        name: BrowseName, in the namespace of our types.
        action: What it does.
        arguments: What the action is told; the caller says nothing but that he means it.
    """

    identifier: str
    parent: str
    device: str
    name: str
    action: ActionSpec
    arguments: tuple[int, ...]

    @property
    def asked(self) -> ActionSpec:
        """The action without what it is told here, for what the caller has to say."""
        return replace(self.action, arguments=())


def add_calibration_groups(
    device: DeviceSpec, root: str, root_id: ua.NodeId, places: PointPlaces, make: Instances
) -> tuple[ModelMethod, ...]:
    """Add the groups below the device, if it reports any; gives the methods to be added and offered."""
    groups = places.calibration_groups()
    if not groups:
        return ()
    folder = f"{root}/{FOLDER}"
    folder_id = make.create(folder, root_id, BrowseName(GAS, FOLDER), CALIBRATION_GROUPS, {})
    for number, group in enumerate(groups, start=1):
        contents: dict[str, Content] = {}
        for name, meaning, kind in (
            ("Calibrating", Meaning.CALIBRATING, ua.VariantType.Boolean),
            ("Gas", Meaning.CALIBRATION_GAS, ua.VariantType.Int32),
        ):
            place = places.find(group, meaning)
            if place is not None:
                contents[name] = Content(PointView(places.group, place, kind))
        browse_name, about = BrowseName(SITE, str(number)), f"Points of {group}"
        make.create(f"{folder}/{number}", folder_id, browse_name, CALIBRATION_GROUP, contents, description=about)
    return tuple(_methods(device, folder, len(groups)))


def _methods(device: DeviceSpec, folder: str, groups: int) -> Iterator[ModelMethod]:
    actions = {action.meaning: action for action in device.actions if action.meaning is not None}
    start = actions.get(ActionMeaning.START_CALIBRATION)
    stop = actions.get(ActionMeaning.STOP_CALIBRATIONS)
    if start is not None:
        for number in range(1, groups + 1):
            parent = f"{folder}/{number}"
            yield ModelMethod(f"{parent}/Start", parent, device.name, "Start", start, (number,))
    if stop is not None:
        yield ModelMethod(f"{folder}/Stop", folder, device.name, "Stop", stop, ())
