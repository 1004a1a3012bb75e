"""Recorded bytes of continuous mode, decoded line by line with nothing left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gateway.drivers.servomex4100.checksum import checksum_holds
from gateway.drivers.servomex4100.continuous_frame import decode_frame
from gateway.drivers.servomex4100.frame_splitter import FrameSplitter, Line
from gateway.drivers.servomex4100.text import DisplayText
from gateway.errors import ProtocolError
from gateway.model.readings import AnalyserFrame


@dataclass(frozen=True, slots=True)
class DecodedFrame:
    """One line of a recording.

    Attributes:
        number: Count of lines before it, good and bad, so the first is 0.
        offset: Place of its first byte in the recording.
        frame: What it says, None when it is bad.
        checksum_ok: Whether it carries the checksum of its own bytes; a bad frame may still do so.
        error: Why it is bad, None when it is good.
    """

    number: int
    offset: int
    frame: AnalyserFrame | None
    checksum_ok: bool
    error: str | None


def decode_continuous(data: bytes | Iterable[bytes]) -> Iterator[DecodedFrame]:
    """Decode a recording of continuous mode.

    Unlike on a live wire nothing is dropped: a tail at the start and an unfinished line at the end are bad frames.

    Args:
        data: The recording, whole or in pieces of any size; pieces are taken as they are needed.
    """
    text = DisplayText()
    for number, line in enumerate(_lines((data,) if isinstance(data, bytes) else data)):
        yield _decoded(number, line, text)


def _lines(pieces: Iterable[bytes]) -> Iterator[Line]:
    splitter = FrameSplitter()
    for piece in pieces:
        yield from splitter.feed(piece)
    unfinished = splitter.finish()
    if unfinished is not None:
        yield unfinished


def _decoded(number: int, line: Line, text: DisplayText) -> DecodedFrame:
    if line.problem:
        return DecodedFrame(number, line.offset, None, checksum_ok=False, error=line.problem)
    try:
        frame = decode_frame(line.data, text)
    except ProtocolError as error:
        reason = f"{error.what} ({error.where})"
        return DecodedFrame(number, line.offset, None, checksum_ok=checksum_holds(line.data), error=reason)
    return DecodedFrame(number, line.offset, frame, checksum_ok=True, error=None)
