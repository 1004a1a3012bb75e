"""The operator Like of content filters (OPC 10000-4 section 7.7.3).

`%` stands for any characters, `_` for one, `[abc]`, `[a-f]` and `[^abc]` for one of a list or none of it, and a
backslash takes away the meaning of what follows. The parts between two `%` have a fixed length each, so every one of
them is looked for once, from left to right: no pattern can make the search explode.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

MAX_PATTERN = 256
MAX_TEXT = 4096
"""Characters. A pattern at its worst compares each of the one with each of the other."""


class _Part:
    """What stands between two `%`.

    Args:
        places: A regular expression for each character.
    """

    def __init__(self, places: list[str]) -> None:
        self._length = len(places)
        self._expression = re.compile("".join(places), re.DOTALL)

    def after_start(self, text: str) -> int | None:
        """Where it ends if the text begins with it."""
        found = self._expression.match(text)
        return None if found is None else found.end()

    def after(self, text: str, start: int) -> int | None:
        """Where it first ends, not beginning before `start`."""
        found = self._expression.search(text, start)
        return None if found is None else found.end()

    def ends(self, text: str, start: int) -> bool:
        """Whether the text ends with it, not beginning before `start`."""
        begin = len(text) - self._length
        return begin >= start and self._expression.match(text, begin) is not None


class LikePattern:
    """One pattern, taken apart.

    Args:
        pattern: As the client wrote it.

    Raises:
        ValueError: It is too long, a list is not closed or empty, or a range runs backwards.
    """

    def __init__(self, pattern: str) -> None:
        if len(pattern) > MAX_PATTERN:
            raise ValueError(f"a pattern of more than {MAX_PATTERN} characters")
        parts: list[list[str]] = [[]]
        for place in _places(pattern):
            if place:
                parts[-1].append(place)
            else:
                parts.append([])
        try:
            self._first, *self._rest = map(_Part, parts)
        except re.error as error:
            raise ValueError(f"no pattern: {error}") from error

    def matches(self, text: str) -> bool:
        """Whether the whole text is like the pattern; never for one of more than `MAX_TEXT` characters."""
        if len(text) > MAX_TEXT:
            return False
        reached = self._first.after_start(text)
        if not self._rest:
            return reached == len(text)
        for part in self._rest[:-1]:
            if reached is None:
                return False
            reached = part.after(text, reached)
        return reached is not None and self._rest[-1].ends(text, reached)


@lru_cache(maxsize=64)
def like_pattern(pattern: str) -> LikePattern:
    """The same pattern is taken apart once.

    Raises:
        ValueError: As `LikePattern` does.
    """
    return LikePattern(pattern)


def _places(pattern: str) -> Iterator[str]:
    """A regular expression for each character that has to be there; an empty text for `%`."""
    characters = iter(pattern)
    for character in characters:
        if character == "%":
            yield ""
        elif character == "_":
            yield "."
        elif character == "[":
            yield _list(characters)
        else:
            yield re.escape(next(characters, "\\") if character == "\\" else character)


def _list(characters: Iterator[str]) -> str:
    """What follows an opening bracket, up to the closing one."""
    members: list[str] = []
    for character in characters:
        if character == "]":
            negated = members[:1] == ["^"]
            if len(members) == negated:
                raise ValueError("a list of no characters")
            return f"[{''.join(members)}]"
        if character == "^" and not members:
            members.append("^")
        elif character == "-":
            members.append("-")
        else:
            members.append(re.escape(next(characters, "\\") if character == "\\" else character))
    raise ValueError("a list that is not closed")
