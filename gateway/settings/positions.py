"""Where each key of the settings file stands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

KeyPath = tuple[str | int, ...]
"""Keys and list indices from the top of the file: `("analysers", "stack1", "channels", "I1", "range", 0)`."""

_BARE_KEY = re.compile(r"[\w<-]+")


def key_text(path: KeyPath) -> str:
    """The path as people read it: `analysers.stack1.channels.I1.range[0]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            key = part if _BARE_KEY.fullmatch(part) else f"'{part}'"
            text += f".{key}" if text else key
    return text


@dataclass(frozen=True, slots=True)
class Positions:
    """Lines of the keys of one file.

    Attributes:
        file: Path as it was given.
        lines: Key path to line, from 1.
    """

    file: str = "settings"
    lines: Mapping[KeyPath, int] = field(default_factory=dict)

    def __contains__(self, path: KeyPath) -> bool:
        return path in self.lines

    def line(self, path: KeyPath) -> int:
        """Line of the key, or of the nearest key around it that the file has."""
        return self.lines.get(self.known(path), 1)

    def known(self, path: KeyPath) -> KeyPath:
        """The longest part of `path` that the file has."""
        while path and path not in self.lines:
            path = path[:-1]
        return path
