"""Reading a capture from a file, line by line, in constant memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from gateway.capture.events import CapturedEvent, CaptureHeader, EventKind
from gateway.capture.line_format import MAGIC, parse_event, parse_header
from gateway.errors import InputError

LONGEST_LINE = 4 * 1024 * 1024
"""Longer than any line this program writes: one event is at most what the operating system hands over at once."""

_HINT = "cut the file before this line, or capture again"


class CaptureFile:
    """A capture on disk; it can be read any number of times.

    Captures may stand one after the other in a file, if they are of the same protocol. Between them the wire counts as
    closed, and time goes on from one to the next.

    Args:
        path: The file.

    Attributes:
        header: What the first capture in the file says of itself.
        cut_off: Number of a last line without its end, left out of the events; 0 for none. Known after reading.
        lost: Events that the capture itself says are missing. Known after reading.

    Raises:
        InputError: It cannot be read, or is no capture.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.cut_off = 0
        self.lost = 0
        with self._opened() as file:
            self.header = self._header(file.readline(LONGEST_LINE), 1)

    def events(self) -> Iterator[CapturedEvent]:
        """Every event, in the order of the file.

        Raises:
            InputError: A line is neither event nor comment, or belongs to another protocol.
        """
        base_us = last_us = 0
        self.cut_off = self.lost = 0
        with self._opened() as file:
            number = 0
            while line := file.readline(LONGEST_LINE):
                number += 1
                if not line.endswith(b"\n"):
                    if len(line) == LONGEST_LINE:
                        raise self._error(f"a line of more than {LONGEST_LINE} bytes", number)
                    self.cut_off = number
                    return
                if line.startswith(b"#") or not line.strip():
                    if number > 1 and line.startswith(MAGIC.encode()):
                        following = self._header(line, number)
                        base_us = last_us
                        yield CapturedEvent(EventKind.CLOSED, following.started_us, base_us)
                    continue
                event = self._event(line, number)
                last_us = max(last_us, base_us + event.offset_us)
                self.lost += event.lost
                yield replace(event, offset_us=last_us)

    def _header(self, line: bytes, number: int) -> CaptureHeader:
        try:
            header = parse_header(_text(line))
        except ValueError as error:
            raise self._error(str(error), number) from error
        if number > 1 and header.protocol is not self.header.protocol:
            raise self._error(f"a capture of {header.protocol} after one of {self.header.protocol}", number)
        return header

    def _event(self, line: bytes, number: int) -> CapturedEvent:
        try:
            return parse_event(_text(line))
        except ValueError as error:
            raise self._error(str(error), number) from error

    def _opened(self) -> BinaryIO:
        try:
            return self._path.open("rb")
        except OSError as error:
            hint = "check the path and its permissions"
            raise InputError(f"cannot read the capture: {error.strerror}", where=str(self._path), hint=hint) from error

    def _error(self, what: str, number: int) -> InputError:
        return InputError(what, where=f"{self._path}:{number}", hint=_HINT)


def is_capture(path: Path) -> bool:
    """Whether a file begins like a capture; raw bytes do not.

    Raises:
        InputError: It cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC.encode()
    except OSError as error:
        hint = "check the path and its permissions"
        raise InputError(f"cannot read the recording: {error.strerror}", where=str(path), hint=hint) from error


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").rstrip("\r\n")
