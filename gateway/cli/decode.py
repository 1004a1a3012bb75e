"""The verb `decode`: recorded bytes of an analyser, or a capture of a bus, as readable text."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TextIO, TypeVar

from gateway.capture.capture_file import CaptureFile, is_capture
from gateway.capture.captured_exchanges import captured_exchanges
from gateway.capture.events import EventKind
from gateway.capture.modbus_meaning import Outcome, meaning
from gateway.drivers.servomex4100.decode_file import decode_continuous, decode_timed
from gateway.drivers.servomex4100.decode_modbus import decode_read
from gateway.errors import InputError
from gateway.export import decoded_exchanges, decoded_frames
from gateway.export.decoded_exchanges import DecodedRead, ExchangeRecord
from gateway.export.decoded_frames import FrameRecord
from gateway.model.readings import ProtocolKind
from gateway.model.stamp import Stamp

PROTOCOLS: dict[str, Callable[[Iterable[bytes]], Iterator[FrameRecord]]] = {"continuous": decode_continuous}
"""Decoders of raw recordings by the name of their protocol. A capture says itself what it is."""

READS: dict[str, Callable[[int, int, Sequence[int]], DecodedRead | None]] = {"servomex4100": decode_read}
"""Decoders of single Modbus reads by the name of the driver; a capture names the driver of each address."""

_PIECE_BYTES = 64 * 1024
_Entry = TypeVar("_Entry")


def decode_file(
    path: Path,
    protocol: str,
    format: str,  # noqa: A002  the option's own name
    out: TextIO,
    messages: TextIO = sys.stderr,
) -> int:
    """Decode a recording and write it as text, piece by piece.

    Args:
        path: A capture, or a file of raw bytes.
        protocol: A key of `PROTOCOLS`, for raw bytes.
        format: `table`, `jsonl` or `csv`.
        out: Where the text goes.
        messages: Where it is said that a capture is not complete.

    Returns:
        Exit code: 0 when every frame or exchange was good, 1 when any was bad.

    Raises:
        InputError: The file cannot be read, or the protocol or format is not known.
    """
    frames, decode = _known("format", format, decoded_frames.FORMATS), _known("protocol", protocol, PROTOCOLS)
    verdict = _Verdict()
    if not is_capture(path):
        out.writelines(frames(verdict.over(decode(raw_pieces(path)), _bad_frame)))
        return verdict.exit_code
    capture = CaptureFile(path)
    if capture.header.protocol is ProtocolKind.CONTINUOUS:
        out.writelines(frames(verdict.over(decode_timed(_timed_pieces(capture)), _bad_frame)))
    else:
        records = verdict.over(_exchange_records(capture), lambda record: record.bad)
        out.writelines(decoded_exchanges.FORMATS[format](records))
    if capture.lost:
        messages.write(f"{path}: {capture.lost} events are missing, they were lost while it was captured\n")
    if capture.cut_off:
        messages.write(f"{path}:{capture.cut_off}: the last line is cut off and left out\n")
    return verdict.exit_code


class _Verdict:
    """Whether anything was bad."""

    exit_code = 0

    def over(self, records: Iterable[_Entry], bad: Callable[[_Entry], bool]) -> Iterator[_Entry]:
        for record in records:
            if bad(record):
                self.exit_code = 1
            yield record


def _bad_frame(record: FrameRecord) -> bool:
    return record.error is not None


def _timed_pieces(capture: CaptureFile) -> Iterator[tuple[bytes, datetime | None]]:
    for event in capture.events():
        if event.kind is EventKind.RECEIVED:
            yield event.data, event.utc
        elif event.kind is EventKind.CLOSED:
            yield b"", None


def _exchange_records(capture: CaptureFile) -> Iterator[ExchangeRecord]:
    protocol = capture.header.protocol
    for number, exchange in enumerate(captured_exchanges(capture)):
        said = meaning(protocol, exchange)
        decoder = READS.get(capture.header.drivers.get(said.unit or 0, ""))
        decoded = None
        if decoder and said.outcome is Outcome.ANSWERED and said.function is not None and said.address is not None:
            decoded = decoder(said.function, said.address, said.values)
        yield ExchangeRecord(number, Stamp(0, exchange.unix_us).utc, said, decoded)


def _known(kind: str, name: str, table: dict[str, _Entry]) -> _Entry:
    if name not in table:
        raise InputError(f"unknown {kind} '{name}'", hint=f"choose from {', '.join(table)}")
    return table[name]


def raw_pieces(path: Path) -> Iterator[bytes]:
    """The bytes of a file, piece by piece.

    Raises:
        InputError: It cannot be read.
    """
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE_BYTES):
                yield piece
    except OSError as error:
        hint = "check the path and its permissions"
        raise InputError(f"cannot read the recording: {error.strerror}", where=str(path), hint=hint) from error
