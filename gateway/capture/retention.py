"""How much of the traffic is kept: everything up to an extent, or the last of it; counted in events or in bytes."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

_UNITS = {"": 1, "B": 1, "kB": 1000, "MB": 1000**2, "GB": 1000**3}
_EXTENT = re.compile(r"(\d{1,12}) ?(B|kB|MB|GB)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Extent:
    """A number of events, or of bytes.

    Attributes:
        number: How many.
        of_bytes: Whether bytes of the file are meant; events otherwise.
    """

    number: int
    of_bytes: bool

    @classmethod
    def parse(cls, text: str) -> Extent:
        """Read `500` (events), `64kB` or `10MB`.

        Raises:
            ValueError: It is none of these, or zero.
        """
        found = _EXTENT.fullmatch(text)
        number = int(found[1]) * _UNITS[found[2] or ""] if found else 0
        if not found or not number:
            raise ValueError(f"'{text}' is neither a number of events such as 500, nor bytes such as 64kB or 10MB")
        return cls(number, of_bytes=found[2] is not None)

    def of(self, line: str) -> int:
        """What one line, of ASCII and without its end, takes of the extent."""
        return len(line) + 1 if self.of_bytes else 1


class Whole:
    """Keeps everything up to an extent; lines can be written at once.

    Attributes:
        full: Whether the extent is reached.
    """

    def __init__(self, extent: Extent | None) -> None:
        self._extent = extent
        self._taken = 0
        self.full = False

    def take(self, lines: Sequence[str]) -> Sequence[str]:
        """The lines that are to be written now."""
        if self._extent is None:
            return lines
        for place, line in enumerate(lines):
            self._taken += self._extent.of(line)
            if self._taken > self._extent.number:
                self.full = True
                return lines[:place]
        self.full = self._taken == self._extent.number
        return lines

    def rest(self) -> Sequence[str]:
        """The lines that are to be written at the end."""
        return ()


class Ring:
    """Keeps the last lines; they are written at the end, after a comment that says how many came before them."""

    full = False

    def __init__(self, extent: Extent) -> None:
        self._extent = extent
        self._lines: deque[str] = deque()
        self._held = 0
        self._gone = 0

    def take(self, lines: Sequence[str]) -> Sequence[str]:
        """Nothing is to be written yet."""
        for line in lines:
            self._lines.append(line)
            self._held += self._extent.of(line)
            while self._held > self._extent.number:
                self._held -= self._extent.of(self._lines.popleft())
                self._gone += 1
        return ()

    def rest(self) -> Sequence[str]:
        """The lines that are to be written at the end."""
        before = [f"# {self._gone} earlier events are left out"] if self._gone else []
        return [*before, *self._lines]
