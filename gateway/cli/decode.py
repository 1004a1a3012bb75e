"""The verb `decode`: recorded bytes of an analyser as readable text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TextIO, TypeVar

from gateway.drivers.servomex4100.decode_file import decode_continuous
from gateway.errors import InputError
from gateway.export.decoded_frames import FORMATS, FrameRecord

PROTOCOLS: dict[str, Callable[[Iterable[bytes]], Iterator[FrameRecord]]] = {"continuous": decode_continuous}
"""Decoders of recordings by the name of their protocol."""

_PIECE_BYTES = 64 * 1024
_Entry = TypeVar("_Entry")


def decode_file(path: Path, protocol: str, format: str, out: TextIO) -> int:  # noqa: A002  the option's own name
    """Decode a recording and write it as text, piece by piece.

    Args:
        path: File of raw bytes.
        protocol: A key of `PROTOCOLS`.
        format: A key of `FORMATS`: `table`, `jsonl` or `csv`.
        out: Where the text goes.

    Returns:
        Exit code: 0 when every frame was good, 1 when any was bad.

    Raises:
        InputError: The file cannot be read, or the protocol or format is not known.
    """
    decode, render = _known("protocol", protocol, PROTOCOLS), _known("format", format, FORMATS)
    bad = 0

    def watched() -> Iterator[FrameRecord]:
        nonlocal bad
        for record in decode(_pieces(path)):
            bad += record.error is not None
            yield record

    out.writelines(render(watched()))
    return 1 if bad else 0


def _known(kind: str, name: str, table: dict[str, _Entry]) -> _Entry:
    if name not in table:
        raise InputError(f"unknown {kind} '{name}'", hint=f"choose from {', '.join(table)}")
    return table[name]


def _pieces(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE_BYTES):
                yield piece
    except OSError as error:
        hint = "check the path and its permissions"
        raise InputError(f"cannot read the recording: {error.strerror}", where=str(path), hint=hint) from error
