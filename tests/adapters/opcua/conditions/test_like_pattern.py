"""Like, against a naive matcher."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.adapters.opcua.events.like_pattern import MAX_PATTERN, MAX_TEXT, LikePattern


def _naive(pattern: str, text: str) -> bool:
    """By trying everything; knows `%`, `_` and escapes."""

    @cache
    def matches(place: int, at: int) -> bool:
        if place == len(pattern):
            return at == len(text)
        character = pattern[place]
        if character == "%":
            return any(matches(place + 1, later) for later in range(at, len(text) + 1))
        if at == len(text):
            return False
        if character == "\\" and place + 1 < len(pattern):
            return text[at] == pattern[place + 1] and matches(place + 2, at + 1)
        return (character == "_" or text[at] == character) and matches(place + 1, at + 1)

    return matches(0, 0)


@given(st.text("ab%_\\", max_size=10), st.text("ab%_\\\n", max_size=14))
def test_like_the_naive_matcher(pattern: str, text: str) -> None:
    assert LikePattern(pattern).matches(text) == _naive(pattern, text)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("Th[ia][ts]%", "That is fine", True),
        ("Th[ia][ts]%", "Then as for", False),
        ("%en%", "The hen", True),
        ("abc[13-68]", "abc5", True),
        ("abc[13-68]", "abc7", False),
        ("xyz[c-f]", "xyzd", True),
        ("ABC[^13-5]", "ABC2", True),
        ("ABC[^13-5]", "ABC4", False),
        ("[\\]^]", "]", True),
        ("[a^]", "^", True),
        ("100\\%", "100%", True),
        ("100\\%", "1000", False),
        ("a%a", "a", False),
        ("%", "", True),
        ("", "", True),
        ("(a+)+$", "(a+)+$", True),
    ],
)
def test_examples(pattern: str, text: str, expected: bool) -> None:
    assert LikePattern(pattern).matches(text) is expected


@pytest.mark.parametrize("pattern", ["[", "[a", "[]", "[^]", "[z-a]", "[a\\", "x" * (MAX_PATTERN + 1)])
def test_what_is_no_pattern(pattern: str) -> None:
    with pytest.raises(ValueError):
        LikePattern(pattern)


def test_the_worst_pattern_looks_at_each_place_of_the_text_once_per_part() -> None:
    """A backtracking matcher would need more than the age of the universe for this."""
    assert not LikePattern("%a" * (MAX_PATTERN // 2 - 1) + "%b").matches("a" * MAX_TEXT)
    assert not LikePattern("%").matches("a" * (MAX_TEXT + 1))
