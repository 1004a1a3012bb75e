"""The tree of NTPVI PVs: which PVs there are, for clients that build their devices from it, such as ophyd-async.

Each branch is one PV. Its `value` has a field for each leaf, `{"r": name of the PV}`, `rw` for a command, and for each
branch below it, `{"d": name of its PVI}`. Fields are called as Python attributes are: `warming_up` for `WarmingUp`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.adapters.epics_pva.settings import PvAccessSettings
from gateway.adapters.epics_pva.table_rows import table_rows
from gateway.model.command_points import command_paths
from gateway.model.points import DeviceSpec, SiteSpec
from gateway.model.pv_names import in_case, pv_name

TABLE = ("TABLE",)
"""Path of the table of an analyser."""

PVI = "PVI"
"""Last part of the path of each branch."""

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NOT_IN_A_FIELD = re.compile(r"\W", re.ASCII)


def field_name(name: str) -> str:
    """The name as that of a field: letters, digits and underscores, not beginning with a digit."""
    text = _NOT_IN_A_FIELD.sub("_", _HUMP.sub("_", name)).lower()
    return f"_{text}" if text[:1].isdigit() else text


@dataclass(slots=True)
class Branch:
    """One NTPVI PV.

    Attributes:
        name: PV name.
        place: What it is of, for people.
        description: One line for people.
        entries: Field to what it leads to: access (`r`, `rw` or `d`) and PV name.
        clashes: Names of what would have had a field that was taken, and who has it.
    """

    name: str
    place: str
    description: str = ""
    entries: dict[str, tuple[str, str]] = field(default_factory=dict)
    clashes: list[tuple[str, str]] = field(default_factory=list)
    _owner: dict[str, str] = field(default_factory=dict)

    def add(self, what: str, access: str, pv: str) -> None:
        """Take one entry."""
        key = field_name(what)
        if key in self.entries:
            self.clashes.append((what, self._owner[key]))
            return
        self._owner[key] = what
        self.entries[key] = access, pv


def _analyser_branches(settings: PvAccessSettings, site: str, device: DeviceSpec) -> Iterator[Branch]:
    def name(*path: str) -> str:
        return pv_name(settings, site, device.name, path)

    top = Branch(name(PVI), device.name, device.description)
    branches: dict[tuple[str, ...], Branch] = {(): top}
    described = {channel.name: channel.description for channel in device.channels}
    if table_rows(device):
        top.add("Table", "r", name(*TABLE))
    leaves = [(point.path, "r") for point in device.points] + [(path, "rw") for path in command_paths(device)]
    for leaf, access in leaves:
        for depth in range(1, len(leaf)):
            path = leaf[:depth]
            if path not in branches:
                place = "/".join((device.name, *path))
                branches[path] = Branch(name(*path, PVI), place, described.get(path[-1], ""))
                branches[path[:-1]].add(path[-1], "d", branches[path].name)
        branches[leaf[:-1]].add(leaf[-1], access, name(*leaf))
    yield from branches.values()


def pvi_branches(site: SiteSpec, settings: PvAccessSettings) -> list[Branch]:
    """Every branch: that of the site, where a prefix tells it from other sites, and those of the analysers."""
    branches: list[Branch] = []
    top = Branch(in_case(f"{settings.prefix}{PVI}", settings.case), "the site", site.name)
    for device in site.devices:
        below = list(_analyser_branches(settings, site.name, device))
        top.add(device.name, "d", below[0].name)
        branches += below
    return [top, *branches] if settings.prefix else branches
