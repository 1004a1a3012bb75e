"""Alias names: which points one line of `aliases` names, and how."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

Place = tuple[str, tuple[str, ...]]
"""Analyser and path of a point."""


def alias_targets(alias: str, target: str, places: Sequence[Place], separator: str) -> dict[Place, str]:
    """Names that one alias gives to points.

    An alias of `stack/I1/Value` names that point alone. One of `stack/I1` names all points of the channel: its value as
    the alias says, the others with the rest of their paths behind it, as `LAB:O2:Fault`.

    Args:
        alias: PV name.
        target: Analyser, or analyser and path, joined by slashes.
        places: All points of the site.
        separator: What stands between the alias and the parts of a path.

    Raises:
        ValueError: There is no such point.
    """
    analyser, *wanted = target.split("/")
    length = len(wanted)
    found: dict[Place, str] = {}
    for device, path in places:
        if device == analyser and path[:length] == tuple(wanted):
            shown = path[:-1] if len(path) > 1 and path[-1] == "Value" else path
            found[device, path] = separator.join((alias, *shown[length:]))
    if not found:
        raise ValueError(f"alias '{alias}' is for '{target}', which is no point; {_remedy(target, places)}")
    return found


def _remedy(target: str, places: Sequence[Place]) -> str:
    known = ["/".join((device, *path[:depth])) for device, path in places for depth in range(len(path) + 1)]
    close = get_close_matches(target, dict.fromkeys(known), n=1)
    return f"did you mean '{close[0]}'?" if close else "write analyser/point as `analyser-gateway describe` lists them"
