"""What the docstring of a settings dataclass says about each key: the one source for messages and for the schema."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from dataclasses import is_dataclass
from types import UnionType
from typing import Union, get_args, get_origin, get_type_hints

from gateway.settings.positions import KeyPath

_ATTRIBUTE = re.compile(r"    (?P<name>\w+): (?P<note>.*(?:\n {8,}\S.*)*)")


def summary_of(docstring: str | None) -> str:
    """First paragraph, on one line."""
    return " ".join(inspect.cleandoc(docstring or "").partition("\n\n")[0].split())


def notes_in(docstring: str | None) -> Mapping[str, str]:
    """Attribute name to its note in the `Attributes` section of a Google style docstring."""
    _, found, section = inspect.cleandoc(docstring or "").partition("\nAttributes:\n")
    if not found:
        return {}
    section = section.partition("\n\n")[0]
    return {match["name"]: " ".join(match["note"].split()) for match in _ATTRIBUTE.finditer(section)}


def note_text(cls: type | None, key: str) -> str:
    """First sentence of the note on one key of a settings dataclass, to stand inside another; empty without a note."""
    note = notes_in(cls.__doc__).get(key, "").partition(". ")[0] if cls else ""
    return f"{note[0].lower()}{note[1:].rstrip('.')}" if note[1:2].islower() else note.rstrip(".")


def dataclass_at(cls: type, path: KeyPath) -> type | None:
    """The dataclass whose keys stand at `path` inside the settings of `cls`; None where there are no fixed keys."""
    kind: object = cls
    for part in path:
        kind = _without_none(kind)
        if isinstance(kind, type) and is_dataclass(kind):
            kind = get_type_hints(kind).get(str(part))
        elif arguments := [argument for argument in get_args(kind) if argument is not Ellipsis]:
            kind = arguments[-1]
        else:
            return None
    kind = _without_none(kind)
    return kind if isinstance(kind, type) and is_dataclass(kind) else None


def _without_none(kind: object) -> object:
    if get_origin(kind) not in (Union, UnionType):
        return kind
    some = [argument for argument in get_args(kind) if argument is not type(None)]
    if len(some) > 1:
        some = [argument for argument in some if is_dataclass(argument)]
    return some[0] if len(some) == 1 else None
