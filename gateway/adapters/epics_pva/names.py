"""PV names: pure arithmetic on the site, without the engine."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from gateway.adapters.epics_pva.pvi_tree import TABLE, pvi_branches
from gateway.adapters.epics_pva.settings import PvAccessSettings
from gateway.adapters.epics_pva.table_rows import table_rows
from gateway.errors import SettingsError
from gateway.model.command_points import command_paths
from gateway.model.points import SiteSpec
from gateway.model.pv_aliases import Place, PointPlaces
from gateway.model.pv_names import name_problem, pv_name
from gateway.ports import ServedName

Key = tuple[str, ...]
"""Where a name is written below the section."""


def table_name(settings: PvAccessSettings, site: SiteSpec, device: str) -> str:
    """PV name of the table of an analyser."""
    return pv_name(settings, site.name, device, TABLE)


def _further_names(site: SiteSpec, settings: PvAccessSettings) -> Iterator[tuple[str, str]]:
    """Names that are not those of points, and what they are of."""
    for device in site.devices:
        if table_rows(device):
            yield table_name(settings, site, device.name), f"the table of {device.name}"
        for path in command_paths(device):
            yield pv_name(settings, site.name, device.name, path), _text((device.name, path))
    for branch in pvi_branches(site, settings):
        yield branch.name, f"the PVI of {branch.place}"


def _aliases(
    points: PointPlaces, settings: PvAccessSettings, problems: list[tuple[Key, str]]
) -> Iterator[tuple[Key, Place, str]]:
    """Each alias name of each point, with the key that gives it."""
    for alias, target in settings.aliases.items():
        key = ("aliases", alias)
        try:
            below = points.names_by(alias, target, settings.separator)
        except ValueError as error:
            problems.append((key, str(error)))
            continue
        for place, name in below.items():
            yield key, place, name


def pv_names(site: SiteSpec, settings: PvAccessSettings) -> list[ServedName]:
    """PV name and aliases of every point, in the order of the site.

    The names of tables, commands and PVIs are checked along with them.

    Raises:
        SettingsError: Names are too long, malformed or given twice, or an alias has no point; all of them are listed.
    """
    places: list[Place] = [(group.device, point.path) for group in site.groups for point in group.points]
    names = [pv_name(settings, site.name, device, path) for device, path in places]
    problems: list[tuple[Key, str]] = []
    given = list(_aliases(PointPlaces(places), settings, problems))
    everything: list[tuple[Key, str, str]] = [
        *(((), name, _text(place)) for name, place in zip(names, places, strict=True)),
        *(((), name, text) for name, text in _further_names(site, settings)),
        *((key, name, _text(place)) for key, place, name in given),
    ]
    owner: dict[str, str] = {}
    for key, name, text in everything:
        problem = name_problem(name)
        if problem is not None:
            problems.append((key, f"PV name '{name}' of {text} {problem}"))
        elif name in owner:
            problems.append((key, f"PV name '{name}' of {text} is taken by {owner[name]}; rename one of them"))
        owner.setdefault(name, text)
    for branch in pvi_branches(site, settings):
        for one, other in branch.clashes:
            clash = f"'{one}' and '{other}' would be one field of the PVI of {branch.place}; rename one of them"
            problems.append(((), clash))
    if problems:
        raise SettingsError([f"epics_pva: {problem}" for _, problem in problems], [key for key, _ in problems])
    aliases: defaultdict[Place, tuple[str, ...]] = defaultdict(tuple)
    for _key, place, name in given:
        aliases[place] += (name,)
    return [
        ServedName(device, path, name, aliases.get((device, path), ()))
        for name, (device, path) in zip(names, places, strict=True)
    ]


def _text(place: Place) -> str:
    device, path = place
    return "/".join((device, *path))
