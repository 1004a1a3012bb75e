"""What a PV may be called; the same for Channel Access and pvAccess, so that a point has one name on both."""

from __future__ import annotations

import re
from string import Formatter

PLACEHOLDERS = frozenset({"prefix", "analyser", "point"})
LONGEST_RECORD_NAME = 60
"""Characters of a record name of EPICS base (`PVNAME_STRINGSZ` less the closing NUL)."""

_LEGAL = re.compile(r"[A-Za-z0-9_:\-\[\]<>;]+")
"""Characters of a record name (EPICS Application Developer's Guide, Database Definition); the dot opens a field."""


def check_template(template: str) -> None:
    """Check a template of PV names.

    Raises:
        ValueError: It cannot be read, holds something else, or would give several PVs one name.
    """
    try:
        fields = list(Formatter().parse(template))
    except ValueError as error:
        raise ValueError(f"name {template!r} cannot be read: {error}") from error
    used = {field for _text, field, _format, _conversion in fields if field is not None}
    unknown = used - PLACEHOLDERS
    if unknown or any(extra or conversion for _text, _field, extra, conversion in fields):
        raise ValueError(f"name {template!r} may hold {{prefix}}, {{analyser}} and {{point}}, each as it is")
    if not {"analyser", "point"} <= used:
        raise ValueError(f"name {template!r} needs {{analyser}} and {{point}}, or PVs would share one name")


def point_part(path: tuple[str, ...]) -> str:
    """The point's part of a PV name: `("I1", "Value")` is `I1`, `("Diagnostics", "Late")` is `Diagnostics:Late`."""
    if len(path) > 1 and path[-1] == "Value":
        path = path[:-1]
    return ":".join(path)


def name_problem(name: str, longest: int) -> str | None:
    """What is wrong with a PV name, and what to do; None for nothing."""
    if not _LEGAL.fullmatch(name):
        wrong = sorted({character for character in name if not _LEGAL.fullmatch(character)})
        found = " ".join(repr(character) for character in wrong) or "nothing"
        return f"has {found} in it; use letters, digits and _ : - [ ] < > ;"
    if len(name) > longest:
        return f"has {len(name)} characters, {longest} are allowed; shorten prefix, name or the analyser's name"
    return None
