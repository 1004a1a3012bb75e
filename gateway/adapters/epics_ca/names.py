"""PV names: pure arithmetic on the site, without the engine."""

from __future__ import annotations

import re

from gateway.adapters.epics_ca.settings import ChannelAccessSettings
from gateway.errors import SettingsError
from gateway.model.points import SiteSpec
from gateway.ports import ServedName

_LEGAL = re.compile(r"[A-Za-z0-9_:\-\[\]<>;]+")
"""Characters of a record name (EPICS Application Developer's Guide, Database Definition); the dot opens a field."""


def point_part(path: tuple[str, ...]) -> str:
    """The point's part of a PV name: `("I1", "Value")` is `I1`, `("Diagnostics", "Late")` is `Diagnostics:Late`."""
    if len(path) > 1 and path[-1] == "Value":
        path = path[:-1]
    return ":".join(path)


def _problem(name: str, longest: int) -> str | None:
    if not _LEGAL.fullmatch(name):
        wrong = sorted({character for character in name if not _LEGAL.fullmatch(character)})
        found = " ".join(repr(character) for character in wrong) or "nothing"
        return f"has {found} in it; use letters, digits and _ : - [ ] < > ;"
    if len(name) > longest:
        return f"has {len(name)} characters, {longest} are allowed; shorten prefix, name or the analyser's name"
    return None


def pv_names(site: SiteSpec, settings: ChannelAccessSettings) -> list[ServedName]:
    """PV name of every point, in the order of the site.

    Raises:
        SettingsError: Names are too long, malformed or given twice; all of them are listed.
    """
    served: list[ServedName] = []
    problems: list[str] = []
    owner: dict[str, str] = {}
    for group in site.groups:
        for point in group.points:
            name = settings.name.format(prefix=settings.prefix, analyser=group.device, point=point_part(point.path))
            place = f"{group.device}/{point.browse_path}"
            problem = _problem(name, settings.max_name_length)
            if problem is not None:
                problems.append(f"epics_ca: PV name '{name}' of {place} {problem}")
            elif name in owner:
                problems.append(f"epics_ca: PV name '{name}' of {place} is taken by {owner[name]}; rename one of them")
            owner.setdefault(name, place)
            served.append(ServedName(group.device, point.path, name))
    if problems:
        raise SettingsError(problems)
    return served
