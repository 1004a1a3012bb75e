"""NodeIds of a site: made from the names in the settings alone, so every restart and every machine has the same."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from gateway.errors import SettingsError
from gateway.model.actions import ActionSpec
from gateway.model.meaning import CompanionModel
from gateway.model.points import DeviceSpec, SiteSpec

SITE_NAMESPACE_INDEX = 2
"""Index 0 is OPC UA itself, 1 the ApplicationUri (OPC 10000-5 section 6.3.1); the site is the only other namespace."""

NODE_ID_LENGTH = 4096
"""Longest string identifier (OPC 10000-3 section 8.2.4)."""

ANALYSERS_FOLDER = "Analysers"
ACTION_FOLDER = "Action"
ALARM_FOLDER = "Alarms"
MODEL_ROOTS: Mapping[CompanionModel, str] = {CompanionModel.PADIM: "PADIM", CompanionModel.ADI: "ADI"}
"""By which the NodeId of an instance of a companion model continues that of the analyser: `stack/PADIM`."""

HEALTH_ALARMS_FOLDER = "DeviceHealthAlarms"
METHOD_PROPERTIES = ("InputArguments", "OutputArguments")
"""Properties of a method (OPC 10000-3 section 5.7)."""
_RESERVED = re.compile(r"([/.<>:#!&])")  # OPC 10000-4 annex A.2: escaped with & in the text form of a path


@dataclass(frozen=True, slots=True)
class PointNode:
    """Where one point is found.

    Attributes:
        device: Name of the analyser.
        path: `PointSpec.path`.
        identifier: String part of the NodeId, `stack/I1/Value`.
        browse_path: From the Objects folder, `/2:Analysers/2:stack/2:I1/2:Value` (OPC 10000-4 annex A.2).
    """

    device: str
    path: tuple[str, ...]
    identifier: str
    browse_path: str

    @property
    def node_id(self) -> str:
        """The NodeId as text, `ns=2;s=stack/I1/Value`."""
        return f"ns={SITE_NAMESPACE_INDEX};s={self.identifier}"


@dataclass(frozen=True, slots=True)
class MethodNode:
    """Where one open action is found.

    Attributes:
        device: Name of the analyser.
        action: What it does.
    """

    device: str
    action: ActionSpec

    @property
    def parent(self) -> str:
        """String part of the NodeId of the object that has the method, `stack/Action`."""
        return f"{self.device}/{ACTION_FOLDER}"

    @property
    def identifier(self) -> str:
        """String part of the NodeId, `stack/Action/StartAutocalibration`."""
        return f"{self.parent}/{self.action.name}"


def method_nodes(site: SiteSpec) -> tuple[MethodNode, ...]:
    """Every open action of the site, in order."""
    return tuple(MethodNode(device.name, action) for device in site.devices for action in device.actions)


def model_root(device: DeviceSpec) -> str:
    """String part of the NodeId of the device in its companion model; empty for one that has none."""
    root = MODEL_ROOTS.get(device.companion_model)
    return "" if root is None else f"{device.name}/{root}"


def namespace_uri(site: SiteSpec) -> str:
    """Namespace of all NodeIds of the site; it names no host."""
    return f"urn:analyser-gateway:{quote(site.name, safe='')}"


def _browse_path(parts: tuple[str, ...]) -> str:
    escaped = (_RESERVED.sub(r"&\1", part) for part in (ANALYSERS_FOLDER, *parts))
    return "".join(f"/{SITE_NAMESPACE_INDEX}:{part}" for part in escaped)


def _problems(site: SiteSpec, nodes: tuple[PointNode, ...]) -> Iterator[str]:
    taken: set[str] = set()
    parents: set[str] = set()
    for device in site.devices:
        if device.name in parents:
            yield f"two analysers are called {device.name!r}; give each its own name"
        parents.add(device.name)
    for node in nodes:
        parts = (node.device, *node.path)
        if not node.path:
            yield f"a point of {node.device!r} has no name"
        if node.path[:1] == (ALARM_FOLDER,):
            yield f"NodeId {node.identifier!r} lies where the alarms of {node.device!r} are; rename {ALARM_FOLDER!r}"
        for part in parts:
            if not part or "/" in part or not part.isprintable():
                yield f"{part!r} in {node.identifier!r} cannot be in a NodeId; use printable characters without '/'"
        if len(node.identifier) > NODE_ID_LENGTH:
            yield f"NodeId {node.identifier[:40]!r}... is longer than {NODE_ID_LENGTH} characters; shorten its names"
        if node.identifier in taken:
            yield f"NodeId {node.identifier!r} is given twice; rename one of the points"
        taken.add(node.identifier)
        parents.update("/".join(parts[:depth]) for depth in range(2, len(parts)))
    for method in method_nodes(site):
        name = method.action.name
        if not name or "/" in name or not name.isprintable():
            yield f"action {name!r} of {method.device!r} cannot be in a NodeId; use printable characters without '/'"
        names = (method.identifier, *(f"{method.identifier}/{name}" for name in METHOD_PROPERTIES))
        for identifier in names:
            if identifier in taken or identifier in parents:
                yield f"NodeId {identifier!r} of an action is also a point's; rename the point"
        taken.update(names)
        parents.add(method.parent)
    for identifier in filter(None, map(model_root, site.devices)):
        if identifier in taken or identifier in parents:
            yield f"{identifier!r} is the place of the companion model; rename the channel, or set `model: plain`"
    for identifier in sorted(taken & parents):
        yield f"{identifier!r} is a point and also holds other points; rename one of them"


def point_nodes(site: SiteSpec) -> tuple[PointNode, ...]:
    """Every point of the site, in order.

    Raises:
        SettingsError: A name is too long, malformed or given twice.
    """
    nodes = tuple(
        PointNode(
            device.name,
            point.path,
            "/".join((device.name, *point.path)),
            _browse_path((device.name, *point.path)),
        )
        for device in site.devices
        for point in device.points
    )
    problems = list(_problems(site, nodes))
    if problems:
        raise SettingsError(problems)
    return nodes
