"""Alias names: which points one line of `aliases` names, and how."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from difflib import get_close_matches

Place = tuple[str, tuple[str, ...]]
"""Analyser and path of a point."""


class PointPlaces:
    """All points of a site, where aliases look for theirs.

    Args:
        places: Analyser and path of every point.
    """

    def __init__(self, places: Iterable[Place]) -> None:
        self._paths: defaultdict[str, list[tuple[str, ...]]] = defaultdict(list)
        for device, path in places:
            self._paths[device].append(path)

    def names_by(self, alias: str, target: str, separator: str) -> dict[Place, str]:
        """Names that one alias gives to points.

        An alias of `stack/I1/Value` names that point alone. One of `stack/I1` names all points of the channel: its
        value as the alias says, the others with the rest of their paths behind it, as `LAB:O2:Fault`.

        Args:
            alias: PV name.
            target: Analyser, or analyser and path, joined by slashes.
            separator: What stands between the alias and the parts of a path.

        Raises:
            ValueError: There is no such point.
        """
        analyser, *parts = target.split("/")
        wanted, length = tuple(parts), len(parts)
        found: dict[Place, str] = {}
        for path in self._paths.get(analyser, ()):
            if path[:length] == wanted:
                shown = path[:-1] if len(path) > 1 and path[-1] == "Value" else path
                found[analyser, path] = separator.join((alias, *shown[length:]))
        if not found:
            raise ValueError(f"alias '{alias}' is for '{target}', which is no point; {self._remedy(analyser, wanted)}")
        return found

    def _remedy(self, analyser: str, wanted: tuple[str, ...]) -> str:
        if analyser in self._paths:
            paths = self._paths[analyser]
            known = ["/".join((analyser, *path[:depth])) for path in paths for depth in range(len(path) + 1)]
            close = get_close_matches("/".join((analyser, *wanted)), dict.fromkeys(known), n=1)
        else:
            close = ["/".join((one, *wanted)) for one in get_close_matches(analyser, self._paths, n=1)]
        return f"did you mean '{close[0]}'?" if close else "write analyser/point as `analyser-gateway describe` does"
