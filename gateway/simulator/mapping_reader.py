"""Reads plain mappings, as YAML gives them, and collects what is wrong with them instead of stopping at the first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from difflib import get_close_matches

_LARGEST = 1e9


class MappingReader:
    """One mapping of the document. Every key has to be asked for; `close` reports those that nobody knows.

    Args:
        value: What the document holds here.
        path: Where that is, for people: `lines[0].link`.
        problems: Gets one sentence per finding.
    """

    def __init__(self, value: object, path: str, problems: list[str]) -> None:
        self.path = path
        self._problems = problems
        self._known: list[str] = []
        self._values: dict[str, object] = {}
        if isinstance(value, dict):
            self._values = {str(key): item for key, item in value.items()}
        else:
            self.problem(f"a mapping is needed here, not {shown(value)}")

    def problem(self, text: str, key: str | None = None) -> None:
        """Report a finding at this mapping or at one of its keys."""
        self._problems.append(f"{self.at(key)}: {text}")

    def at(self, key: str | None) -> str:
        """Path of a key."""
        return ".".join(part for part in (self.path, key) if part) or "settings"

    def has(self, key: str) -> bool:
        """Whether the key is there."""
        self._known.append(key)
        return key in self._values

    def keys(self) -> list[str]:
        """Every key of the mapping, all of which count as known from now on."""
        self._known += self._values
        return list(self._values)

    def raw(self, key: str) -> object:
        """The value of a key as it stands, None when it is missing."""
        self._known.append(key)
        return self._values.get(key)

    def text(self, key: str, default: str | None = None) -> str:
        """A string; required without a default."""
        value = self.raw(key) if self.has(key) else default
        if isinstance(value, str):
            return value
        self.problem("is missing" if value is None else f"text is needed, not {shown(value)}", key)
        return ""

    def choice(self, key: str, choices: Sequence[str], default: str | None = None) -> str | None:
        """One of the given words, None after a complaint."""
        value = self.text(key, default)
        if value in choices:
            return value
        if value:
            self.problem(f"'{value}' is none of {', '.join(choices)}{_suggestion(value, choices)}", key)
        return None

    def number(self, key: str, default: float | None = None, *, above: float = -_LARGEST) -> float:
        """A finite number above a bound; required without a default."""
        value = self.raw(key) if self.has(key) else default
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.problem("is missing" if value is None else f"a number is needed, not {shown(value)}", key)
        elif not math.isfinite(value) or not above < value < _LARGEST:
            limit = f"above {above:g}" if above > -_LARGEST else "between -1e9 and 1e9"
            self.problem(f"a number {limit} is needed, not {value}", key)
        else:
            return value
        return 1.0 if default is None else default

    def not_negative(self, key: str, default: float) -> float:
        """A finite number that is not below zero."""
        value = self.number(key, default)
        if value >= 0:
            return value
        self.problem(f"must not be negative, got {value}", key)
        return default

    def whole(self, key: str, default: int) -> int:
        """A whole number."""
        value = self.raw(key) if self.has(key) else default
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        self.problem(f"a whole number is needed, not {shown(value)}", key)
        return default

    def inner(self, key: str) -> MappingReader:
        """The mapping at a key."""
        return MappingReader(self.raw(key), self.at(key), self._problems)

    def items(self, key: str) -> list[MappingReader]:
        """The mappings of the list at a key."""
        value = self.raw(key)
        if not isinstance(value, list):
            self.problem("is missing" if value is None else f"a list is needed, not {shown(value)}", key)
            return []
        return [MappingReader(item, f"{self.at(key)}[{index}]", self._problems) for index, item in enumerate(value)]

    def close(self) -> None:
        """Report keys that nobody asked for."""
        for key in self._values:
            if key not in self._known:
                self.problem(f"there is no such key{_suggestion(key, self._known)}", key)


def shown(value: object) -> str:
    """A value of the document, short enough for a message."""
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


def _suggestion(word: str, known: Sequence[str]) -> str:
    close = get_close_matches(word, known, n=1)
    return f"; did you mean '{close[0]}'?" if close else f"; known here: {', '.join(dict.fromkeys(known)) or 'nothing'}"
