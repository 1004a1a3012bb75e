"""How long a lost wire is left alone before it is opened again."""

from __future__ import annotations

FIRST_S = 0.5
LONGEST_S = 5.0


class ReopenPause:
    """Pauses that double from 0.5 to 5 s while a wire stays down: opening is cheap, and people wait for values."""

    def __init__(self) -> None:
        self._pause_s = FIRST_S

    def next_ns(self) -> int:
        """The pause after this failure, in nanoseconds."""
        pause_s = self._pause_s
        self._pause_s = min(2 * pause_s, LONGEST_S)
        return round(pause_s * 1e9)

    def reset(self) -> None:
        """The wire works."""
        self._pause_s = FIRST_S
