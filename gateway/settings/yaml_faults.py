"""YAML syntax errors in plain words."""

from __future__ import annotations

from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.reader import ReaderError

from gateway.settings.problems import Problem

_ONE_COLUMN = "begin all keys of one section in the same column, with spaces"
_KNOWN: tuple[tuple[str, str, str], ...] = (
    (r"'\t' that cannot start", "a tab stands where only spaces may", "indent with spaces"),
    ("that cannot start any token", "no value can begin with this character", "put the text in quotes"),
    (
        "mapping values are not allowed",
        "a ':' stands where no key can begin",
        f"put the text in quotes, or {_ONE_COLUMN}",
    ),
    ("could not find expected ':'", "a key has no ':'", "write 'key: value', with a space after the colon"),
    ("expected <block end>", "this line does not fit the section around it", _ONE_COLUMN),
    (
        "expected ',' or '}', but got '{'",
        "${NAME} cannot stand bare inside {...}",
        'write the section over several lines, or quote it: "${NAME}" for text, !!int "${NAME}" for a number',
    ),
    ("expected ',' or '}'", "a {...} is not closed, or lacks a comma", "close it with '}'"),
    ("expected ',' or ']'", "a [...] is not closed, or lacks a comma", "close it with ']'"),
    ("unexpected end of stream", "a quoted text is not closed", "close it with the quote it begins with"),
    ("unknown escape character", "an unknown escape stands after '\\'", "double the backslash, or use single quotes"),
    ("undefined alias", "an alias '*name' has no anchor '&name' above it", "define the anchor first"),
    ("undefined tag handle", "a tag is not known", "remove it; !file is the only tag of this file"),
    ("found another document", "a second document begins", "remove the '---': one file holds one document"),
    ("duplicate anchor", "an anchor is defined twice", "give it another name"),
)


def syntax_problem(error: YAMLError, text: str) -> Problem:
    """Where the text stops being YAML, and what usually helps."""
    if isinstance(error, ReaderError):
        before = text[: error.position]
        column = len(before) - before.rfind("\n")
        return Problem(before.count("\n") + 1, column, "a control character cannot stand here", "remove it")
    said = str(getattr(error, "problem", None) or error)
    mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
    if isinstance(error, MarkedYAMLError) and "unexpected end" in said:
        mark = error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (0, 0)
    for sign, what, remedy in _KNOWN:
        if sign in said:
            return Problem(line, column, what, remedy)
    return Problem(line, column, f"this is not YAML: {said}", "check the line and the one before it")
