"""PV names: pure arithmetic on the site, without the engine."""

from __future__ import annotations

import re

from gateway.adapters.epics_ca.settings import ChannelAccessSettings
from gateway.errors import SettingsError
from gateway.model.actions import ActionSpec
from gateway.model.points import DeviceSpec, SiteSpec
from gateway.ports import ServedName

_LEGAL = re.compile(r"[A-Za-z0-9_:\-\[\]<>;]+")
"""Characters of a record name (EPICS Application Developer's Guide, Database Definition); the dot opens a field."""


CONFIRM = ("Action", "Confirm")
"""Path of the command that carries out what is armed."""


def commanded_actions(device: DeviceSpec) -> tuple[ActionSpec, ...]:
    """Open actions that have a command PV: a put carries one value, so those with several arguments have none."""
    return tuple(action for action in device.actions if len(action.arguments) <= 1)


def command_path(action: ActionSpec) -> tuple[str, ...]:
    """Path of the command of an action."""
    return "Action", action.name


def _command_paths(device: DeviceSpec) -> list[tuple[str, ...]]:
    paths = [command_path(action) for action in commanded_actions(device)]
    return [*paths, CONFIRM] if paths else []


def point_part(path: tuple[str, ...]) -> str:
    """The point's part of a PV name: `("I1", "Value")` is `I1`, `("Diagnostics", "Late")` is `Diagnostics:Late`."""
    if len(path) > 1 and path[-1] == "Value":
        path = path[:-1]
    return ":".join(path)


def pv_name(settings: ChannelAccessSettings, device: str, path: tuple[str, ...]) -> str:
    """PV name of a point or command of an analyser."""
    return settings.name.format(prefix=settings.prefix, analyser=device, point=point_part(path))


def _problem(name: str, longest: int) -> str | None:
    if not _LEGAL.fullmatch(name):
        wrong = sorted({character for character in name if not _LEGAL.fullmatch(character)})
        found = " ".join(repr(character) for character in wrong) or "nothing"
        return f"has {found} in it; use letters, digits and _ : - [ ] < > ;"
    if len(name) > longest:
        return f"has {len(name)} characters, {longest} are allowed; shorten prefix, name or the analyser's name"
    return None


def pv_names(site: SiteSpec, settings: ChannelAccessSettings) -> list[ServedName]:
    """PV name of every point, in the order of the site; the names of commands are checked along with them.

    Raises:
        SettingsError: Names are too long, malformed or given twice; all of them are listed.
    """
    points = [(group.device, point.path) for group in site.groups for point in group.points]
    commands = [(device.name, path) for device in site.devices for path in _command_paths(device)]
    served = [ServedName(device, path, pv_name(settings, device, path)) for device, path in (*points, *commands)]
    problems: list[str] = []
    owner: dict[str, str] = {}
    for one in served:
        place = f"{one.device}/{'/'.join(one.path)}"
        problem = _problem(one.name, settings.max_name_length)
        if problem is not None:
            problems.append(f"epics_ca: PV name '{one.name}' of {place} {problem}")
        elif one.name in owner:
            problems.append(
                f"epics_ca: PV name '{one.name}' of {place} is taken by {owner[one.name]}; rename one of them"
            )
        owner.setdefault(one.name, place)
    if problems:
        raise SettingsError(problems)
    return served[: len(points)]
