"""PV names: pure arithmetic on the site, without the engine."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from gateway.adapters.epics_ca.ioc_statistics_points import statistic_names
from gateway.adapters.epics_ca.settings import ChannelAccessSettings
from gateway.errors import SettingsError
from gateway.model.command_points import command_paths
from gateway.model.points import SiteSpec
from gateway.model.pv_aliases import Place, PointPlaces
from gateway.model.pv_names import name_problem, pv_name
from gateway.ports import ServedName


def names_beside_points(site: SiteSpec, settings: ChannelAccessSettings) -> list[ServedName]:
    """PV name of every command, analyser by analyser, and of every statistic, which belongs to none."""
    commands = [
        ServedName(device.name, path, pv_name(settings, site.name, device.name, path))
        for device in site.devices
        for path in command_paths(device)
    ]
    return [*commands, *(ServedName("", (), name) for name in statistic_names(settings.statistics))]


@dataclass(slots=True)
class _NameCheck:
    """Collects what is wrong with names, and who has each of them.

    Attributes:
        problems: What is wrong, each with its remedy.
        keys: For each problem, the key below the section where it stands; empty for the section itself.
    """

    settings: ChannelAccessSettings
    problems: list[str] = field(default_factory=list)
    keys: list[tuple[str, ...]] = field(default_factory=list)
    _owner: dict[str, str] = field(default_factory=dict)

    def report(self, problem: str, key: tuple[str, ...] = ()) -> None:
        self.problems.append(f"epics_ca: {problem}")
        self.keys.append(key)

    def check(self, name: str, place: str, key: tuple[str, ...] = ()) -> None:
        """Take one name: that of `place`, written at `key`."""
        fault = name_problem(name, self.settings.max_name_length, self.settings.characters)
        if fault is not None:
            self.report(f"PV name '{name}' of {place} {fault}", key)
        elif name in self._owner:
            self.report(f"PV name '{name}' of {place} is taken by {self._owner[name]}; rename one of them", key)
        self._owner.setdefault(name, place)


def _aliases(places: PointPlaces, check: _NameCheck) -> dict[Place, tuple[str, ...]]:
    """Alias names of every point that has some."""
    found: defaultdict[Place, tuple[str, ...]] = defaultdict(tuple)
    for alias, target in check.settings.aliases.items():
        key = ("aliases", alias)
        try:
            below = places.names_by(alias, target, check.settings.separator)
        except ValueError as error:
            check.report(str(error), key)
            continue
        for (device, path), name in below.items():
            check.check(name, f"{device}/{'/'.join(path)}", key)
            found[device, path] += (name,)
    return found


def pv_names(site: SiteSpec, settings: ChannelAccessSettings) -> list[ServedName]:
    """PV name and aliases of every point, in the order of the site.

    The names of commands and of statistics are checked along with them.

    Raises:
        SettingsError: Names are too long, malformed or given twice, or an alias has no point; all of them are listed.
    """
    check = _NameCheck(settings)
    points = [(group.device, point.path) for group in site.groups for point in group.points]
    names = [pv_name(settings, site.name, device, path) for device, path in points]
    for name, (device, path) in zip(names, points, strict=True):
        check.check(name, f"{device}/{'/'.join(path)}")
    for device_spec in site.devices:
        for path in command_paths(device_spec):
            name = pv_name(settings, site.name, device_spec.name, path)
            check.check(name, f"{device_spec.name}/{'/'.join(path)}")
    for name in statistic_names(settings.statistics):
        check.check(name, "the statistics", ("statistics", "prefix"))
    aliases = _aliases(PointPlaces(points), check)
    if check.problems:
        raise SettingsError(check.problems, check.keys)
    return [
        ServedName(device, path, name, aliases.get((device, path), ()))
        for name, (device, path) in zip(names, points, strict=True)
    ]
