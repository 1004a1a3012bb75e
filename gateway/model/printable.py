"""Text of others on its way into logs, files and points: one line, bounded, nothing that steers a terminal."""

from __future__ import annotations

LONGEST = 64


def printable(text: str, longest: int = LONGEST) -> str:
    """The text with everything that cannot be seen replaced by `?`, cut to a length with an ellipsis at the end."""
    shown = "".join(character if character.isprintable() else "?" for character in text[: longest + 1])
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}\N{HORIZONTAL ELLIPSIS}"
