"""Bytes in, lines out: splits a continuous stream at LF, in bounded memory, whatever the bytes are."""

from __future__ import annotations

from dataclasses import dataclass

LONGEST_LINE = 512
"""Bytes kept of a line; the longest frame has 272."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the stream.

    Attributes:
        offset: Place of its first byte, counted from the first byte ever fed.
        data: Its bytes without LF and without one CR before it; at most `LONGEST_LINE`.
        problem: Why it cannot be a frame, empty when it may be one.
    """

    offset: int
    data: bytes
    problem: str = ""


class FrameSplitter:
    """Splits a stream into lines; how the bytes were cut into pieces makes no difference to the lines.

    A line that grows beyond `LONGEST_LINE` is reported at once and skipped to its LF, so the frame after it is whole.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._line_offset = 0
        self._fed = 0
        self._skipping = False

    @property
    def buffered(self) -> int:
        """Bytes held back because their line is not complete; never more than `LONGEST_LINE`."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[Line]:
        """Take the next bytes of the stream and return the lines they complete."""
        lines: list[Line] = []
        start = 0
        while (end := data.find(b"\n", start)) >= 0:
            self._append(data, start, end, lines)
            if not self._skipping:
                line = bytes(self._buffer)
                lines.append(Line(self._line_offset, line.removesuffix(b"\r")))
            start = end + 1
            self._buffer.clear()
            self._skipping = False
            self._line_offset = self._fed + start
        self._append(data, start, len(data), lines)
        self._fed += len(data)
        return lines

    def finish(self) -> Line | None:
        """The unfinished line at the end of the stream, None when the stream ended with a whole line."""
        if not self._buffer:
            return None
        line = Line(self._line_offset, bytes(self._buffer), "the data ends before the line does")
        self._buffer.clear()
        self._line_offset = self._fed
        return line

    def _append(self, data: bytes, start: int, end: int, lines: list[Line]) -> None:
        if self._skipping:
            return
        room = LONGEST_LINE - len(self._buffer)
        self._buffer += data[start : min(end, start + room)]
        if end - start > room:
            problem = f"the line is longer than {LONGEST_LINE} bytes"
            lines.append(Line(self._line_offset, bytes(self._buffer), problem))
            self._buffer.clear()
            self._skipping = True
