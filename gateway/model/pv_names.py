"""What the PV of a point is called: the same on Channel Access and on pvAccess, as far as the settings are the same."""

from __future__ import annotations

from enum import StrEnum
from string import Formatter
from typing import Protocol

PLACEHOLDERS = ("prefix", "site", "analyser", "point")
LONGEST_RECORD_NAME = 60
"""Characters of a record name of EPICS base (`PVNAME_STRINGSZ` less the closing NUL)."""

LEGAL = "A-Za-z0-9_:[]<>;-"
"""Characters of a record name (EPICS Application Developer's Guide, Database Definition); the dot opens a field."""

_MOST_SHOWN = 5


class LetterCase(StrEnum):
    """Letters of PV names."""

    AS_WRITTEN = "as-written"
    UPPER = "upper"
    LOWER = "lower"


class NameRules(Protocol):
    """Settings that make the name of a PV."""

    @property
    def prefix(self) -> str:
        """What `{prefix}` stands for."""
        ...

    @property
    def name(self) -> str:
        """Template of `PLACEHOLDERS`."""
        ...

    @property
    def separator(self) -> str:
        """What stands between the parts of `{point}`."""
        ...

    @property
    def case(self) -> LetterCase:
        """What becomes of the letters of the whole name."""
        ...


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
    if used - set(PLACEHOLDERS) or any(extra or conversion for _text, _field, extra, conversion in fields):
        raise ValueError(f"name {template!r} may hold {{prefix}}, {{site}}, {{analyser}} and {{point}}, each as it is")
    if not {"analyser", "point"} <= used:
        raise ValueError(f"name {template!r} needs {{analyser}} and {{point}}, or PVs would share one name")


def point_part(path: tuple[str, ...], separator: str = ":") -> str:
    """The point's part of a PV name: `("I1", "Value")` is `I1`, `("Diagnostics", "Late")` is `Diagnostics:Late`."""
    if len(path) > 1 and path[-1] == "Value":
        path = path[:-1]
    return separator.join(path)


def in_case(name: str, case: LetterCase) -> str:
    """A name with its letters as wanted."""
    match case:
        case LetterCase.UPPER:
            return name.upper()
        case LetterCase.LOWER:
            return name.lower()
    return name


def pv_name(rules: NameRules, site: str, device: str, path: tuple[str, ...]) -> str:
    """PV name of a path within an analyser."""
    point = point_part(path, rules.separator)
    return in_case(rules.name.format(prefix=rules.prefix, site=site, analyser=device, point=point), rules.case)


def _written_out(text: str) -> frozenset[str]:
    """Characters of a text in which a hyphen between two characters makes a range."""
    found: set[str] = set()
    index = 0
    while index < len(text):
        first, last = text[index], text[index]
        if text[index + 1 : index + 2] == "-" and index + 2 < len(text):
            index += 2
            last = text[index]
            if last < first:
                raise ValueError(f"characters must have ranges that run upwards, got {first}-{last}")
        found.update(map(chr, range(ord(first), ord(last) + 1)))
        index += 1
    return frozenset(found)


_LEGAL_CHARACTERS = _written_out(LEGAL)


def name_characters(text: str) -> frozenset[str]:
    """The characters that a text such as `A-Z0-9_:-` names.

    Raises:
        ValueError: There are none, a range runs downwards, or EPICS base does not take one of them.
    """
    found = _written_out(text)
    foreign = sorted(found - _LEGAL_CHARACTERS)
    if foreign:
        shown = " ".join(map(repr, foreign[:_MOST_SHOWN]))
        raise ValueError(f"characters must be among {LEGAL}, all that EPICS base takes in a name, got {shown}")
    if not found:
        raise ValueError("characters must not be empty; leave it out for all that EPICS base takes")
    return found


def name_problem(name: str, longest: int = LONGEST_RECORD_NAME, characters: str = LEGAL) -> str | None:
    """What is wrong with a PV name, and what to do; None for nothing.

    Args:
        name: The name.
        longest: Characters it may have.
        characters: Which ones, as `name_characters` reads them.
    """
    wrong = sorted(set(name) - (_LEGAL_CHARACTERS if characters == LEGAL else name_characters(characters)))
    if wrong or not name:
        found = " ".join(map(repr, wrong)) or "nothing"
        allowed = "letters, digits and _ : - [ ] < > ;" if characters == LEGAL else characters
        return f"has {found} in it; use {allowed}"
    if len(name) > longest:
        return f"has {len(name)} characters, {longest} are allowed; shorten prefix, name or the analyser's name"
    return None
