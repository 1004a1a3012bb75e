"""What a validator finds, in plain words: the key, what it must be, what it is, and what to write."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from gateway.settings.document import Document
from gateway.settings.field_notes import dataclass_at, note_text
from gateway.settings.positions import KeyPath, key_text
from gateway.settings.problems import choices, nearest, split_message
from gateway.settings.quality_keys import KEYS_FORM, NAME_FORM

_LONGEST_SHOWN = 60
_MUST_BE: Mapping[str, tuple[str, str]] = {
    "string_type": ("text", "put it in quotes"),
    "int_type": ("a whole number", "write it without quotes or decimals"),
    "int_from_float": ("a whole number", "write it without quotes or decimals"),
    "float_type": ("a number", "write it with digits, such as 1.5"),
    "finite_number": ("a finite number", "write it with digits, such as 1.5"),
    "bool_type": ("true or false", "write true or false, without quotes"),
    "dict_type": ("keys and values", "write one 'key: value' per line, indented below it"),
    "mapping_type": ("keys and values", "write one 'key: value' per line, indented below it"),
    "dataclass_type": ("keys and values", "write one 'key: value' per line, indented below it"),
    "list_type": ("a list", "write it like [a, b]"),
    "tuple_type": ("a list", "write it like [0, 25]"),
}
_BOUNDS: Mapping[str, tuple[str, str]] = {
    "greater_than": ("more than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
}
_NUMERIC = re.compile(r"[-+]?\d+(\.\d+)?")


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the file and the dataclass it is checked against.

    Attributes:
        cls: Dataclass of its keys.
        path: Where it stands.
        keys: All keys it may have, where that is more than the dataclass says.
    """

    cls: type
    path: KeyPath
    keys: tuple[str, ...] = ()


def shown(document: Document, path: KeyPath, value: object) -> str:
    """A value as a message may show it; secrets are not shown."""
    if path in document.secrets:
        return f"the content of '{document.origins[path]}'"
    match value:
        case None:
            text = "nothing"
        case dict():
            text = "keys and values"
        case list():
            text = f"a list of {len(value)}"
        case _:
            text = json.dumps(value, ensure_ascii=False)
    if len(text) > _LONGEST_SHOWN:
        text = f"{text[:_LONGEST_SHOWN]}..."
    return f"{text} (from {document.origins[path]})" if path in document.origins else text


def report_type_faults(error: ValidationError, document: Document, section: Section) -> None:
    """Add every finding of the validator to the problems of the document.

    Args:
        error: What the validator raised; locations are relative to the section, after one name.
        document: The file.
        section: What was validated.
    """
    for detail in error.errors(include_url=False):
        _report(detail, document, section)


def _report(detail: ErrorDetails, document: Document, section: Section) -> None:
    problems, kind, context = document.problems, detail["type"], detail.get("ctx", {})
    inner = tuple(part for part in detail["loc"][1:] if part not in (NAME_FORM, KEYS_FORM))
    path = document.positions.known((*section.path, *inner))
    subject, got = key_text(path) or "the file", shown(document, path, detail["input"])
    match kind:
        case "missing" if isinstance(inner[-1], int):
            problems.error(path, f"{subject} has no value number {inner[-1] + 1}", "write it like [0, 25]")
        case "missing":
            _report_missing(document, section, inner)
        case "unexpected_keyword_argument" | "extra_forbidden":
            _report_unknown(document, section, inner)
        case "too_long":
            problems.error(
                path, f"{subject} must have {context['max_length']} values, got {got}", "write it like [0, 25]"
            )
        case "enum" | "literal_error":
            names = [_choice(text) for text in re.split(r", | or ", str(context["expected"]))]
            value = str(detail["input"])
            close = nearest(value, names, what="choices")
            remedy = (
                "write it without quotes" if value in names else close if "did you" in close else "write one of them"
            )
            problems.error(path, f"{subject} must be {choices(names)}, got {got}", remedy)
        case "value_error":
            _report_own_check(document, section, path, str(context["error"]))
        case _ if kind in _BOUNDS:
            words, key = _BOUNDS[kind]
            problems.error(path, f"{subject} must be {words} {context[key]}, got {got}", "correct the number")
        case _ if kind in _MUST_BE:
            wanted, remedy = _MUST_BE[kind]
            if path in document.secrets:
                remedy = "a !file is always text; ${NAME} can be a number"
            elif "number" in wanted and isinstance(detail["input"], str) and _NUMERIC.fullmatch(detail["input"]):
                remedy = "write it without quotes"
            elif kind == "tuple_type" and isinstance(detail["input"], str):
                remedy = "put it in brackets"
            elif detail["input"] is None and "keys" not in wanted:
                remedy = "write it after the colon"
            problems.error(path, f"{subject} must be {wanted}, got {got}", remedy)
        case _:
            problems.error(path, f"{subject}: {detail['msg'][0].lower()}{detail['msg'][1:]}, got {got}", "correct it")


def _choice(text: str) -> str:
    """A value as it is written: `'a'` of an enumeration, `<Kind.A: 'a'>` of a part of one."""
    return text.rpartition(": ")[2].removesuffix(">").strip("'")


def _report_missing(document: Document, section: Section, inner: KeyPath) -> None:
    *around, key = inner
    note = note_text(dataclass_at(section.cls, tuple(around)), str(key))
    place = key_text((*section.path, *around)) or "the file"
    remedy = f"add '{key}: ...' ({note})" if note else f"add '{key}: ...'"
    document.problems.error((*section.path, *around), f"{place} has no '{key}'", remedy)


def _report_unknown(document: Document, section: Section, inner: KeyPath) -> None:
    *around, key = inner
    owner = dataclass_at(section.cls, tuple(around))
    known = section.keys if section.keys and not around else [item.name for item in fields(owner)] if owner else []
    place = key_text((*section.path, *around)) or "the file"
    remedy = nearest(str(key), known, what="keys here")
    document.problems.error((*section.path, *inner), f"{place} has an unknown key '{key}'", remedy)


def _report_own_check(document: Document, section: Section, path: KeyPath, message: str) -> None:
    """A dataclass refused its own values; when the message begins with one of its keys, that key is meant."""
    key = re.split(r"\W", message, maxsplit=1)[0]
    note = note_text(dataclass_at(section.cls, path[len(section.path) :]), key)
    if (*path, key) in document.positions:
        path = (*path, key)
        message = message.removeprefix(key).lstrip(": ")
    what, remedy = split_message(message, f"{key}: {note}" if note else "correct it")
    document.problems.error(path, f"{key_text(path)} {what}", remedy)
