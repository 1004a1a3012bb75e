"""When the frames of a raw recording came, as far as the frames themselves tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from gateway.drivers.servomex4100.continuous_frame import decode_frame
from gateway.drivers.servomex4100.frame_splitter import LONGEST_LINE
from gateway.drivers.servomex4100.text import DisplayText
from gateway.errors import ProtocolError

USUAL_INTERVAL_S = 2.0
_LONGEST_INTERVAL_S = 9999.0


def timed_lines(pieces: Iterable[bytes], interval_s: float | None) -> Iterator[tuple[float, bytes]]:
    """The lines of a recording of continuous mode, every byte of it, each with the seconds since the first.

    Args:
        pieces: The recording in pieces of any size.
        interval_s: From one line to the next; None to go by the clock of the analyser in the frames, and by
            `USUAL_INTERVAL_S` where it says nothing or jumps.
    """
    text = DisplayText()
    seconds = 0.0
    anchor: tuple[datetime, float] | None = None
    for number, line in enumerate(_lines(pieces)):
        if interval_s is not None:
            yield number * interval_s, line
            continue
        clock = _clock(line, text)
        passed = _passed(anchor, clock)
        if passed is not None and anchor is not None:
            seconds = max(seconds, anchor[1] + passed)
        elif number:
            seconds += USUAL_INTERVAL_S
        if clock is not None:
            anchor = clock, seconds
        yield seconds, line


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            yield line + b"\n"
        while len(rest) > LONGEST_LINE:
            yield rest[:LONGEST_LINE]
            rest = rest[LONGEST_LINE:]
    if rest:
        yield rest


def _clock(line: bytes, text: DisplayText) -> datetime | None:
    try:
        return decode_frame(line.rstrip(b"\n").removesuffix(b"\r"), text).analyser.clock
    except ProtocolError:
        return None


def _passed(anchor: tuple[datetime, float] | None, clock: datetime | None) -> float | None:
    """Seconds since the last line with a clock; None if there was none, or if the clock was set meanwhile."""
    if anchor is None or clock is None:
        return None
    seconds = (clock - anchor[0]).total_seconds()
    return seconds if 0 < seconds <= _LONGEST_INTERVAL_S else None
