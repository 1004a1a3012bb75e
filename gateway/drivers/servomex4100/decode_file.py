"""Recorded bytes of continuous mode, decoded line by line with nothing left out."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.drivers.servomex4100.checksum import checksum_holds
from gateway.drivers.servomex4100.continuous_frame import decode_frame
from gateway.drivers.servomex4100.frame_splitter import FrameSplitter, Line
from gateway.drivers.servomex4100.text import DisplayText
from gateway.errors import ProtocolError
from gateway.model.readings import AnalyserFrame

_END: tuple[bytes, datetime | None] = (b"", None)


@dataclass(frozen=True, slots=True)
class DecodedFrame:
    """One line of a recording.

    Attributes:
        number: Count of lines before it, good and bad, so the first is 0.
        offset: Place of its first byte in the recording.
        time: When its last byte arrived, None when the recording does not say.
        frame: What it says, None when it is bad.
        checksum_ok: Whether it carries the checksum of its own bytes; a bad frame may still do so.
        error: Why it is bad, None when it is good.
    """

    number: int
    offset: int
    time: datetime | None
    frame: AnalyserFrame | None
    checksum_ok: bool
    error: str | None


def decode_continuous(data: bytes | Iterable[bytes]) -> Iterator[DecodedFrame]:
    """Decode a recording of continuous mode.

    Unlike on a live wire nothing is dropped: a tail at the start and an unfinished line at the end are bad frames.

    Args:
        data: The recording, whole or in pieces of any size; pieces are taken as they are needed.
    """
    return decode_timed((piece, None) for piece in ((data,) if isinstance(data, bytes) else data))


def decode_timed(pieces: Iterable[tuple[bytes, datetime | None]]) -> Iterator[DecodedFrame]:
    """Decode a recording of continuous mode that knows when each piece arrived.

    Args:
        pieces: Bytes with their time, taken as they are needed; no bytes mean that the wire was opened anew, so that
            an unfinished line before it does not belong to what follows.
    """
    text = DisplayText()
    for number, (line, time) in enumerate(_lines(pieces)):
        yield _decoded(number, line, time, text)


def _lines(pieces: Iterable[tuple[bytes, datetime | None]]) -> Iterator[tuple[Line, datetime | None]]:
    splitter, opened_at, fed = FrameSplitter(), 0, 0
    time: datetime | None = None
    for data, arrived in itertools.chain(pieces, [_END]):
        if data:
            lines = splitter.feed(data)
            fed, time = fed + len(data), arrived
        else:
            lines = [line for line in [splitter.finish()] if line is not None]
        for line in lines:
            yield replace(line, offset=opened_at + line.offset), time
        if not data:
            splitter, opened_at = FrameSplitter(), fed


def _decoded(number: int, line: Line, time: datetime | None, text: DisplayText) -> DecodedFrame:
    if line.problem:
        return DecodedFrame(number, line.offset, time, None, checksum_ok=False, error=line.problem)
    try:
        frame = decode_frame(line.data, text)
    except ProtocolError as error:
        reason = f"{error.what} ({error.where})"
        return DecodedFrame(number, line.offset, time, None, checksum_ok=checksum_holds(line.data), error=reason)
    return DecodedFrame(number, line.offset, time, frame, checksum_ok=True, error=None)
