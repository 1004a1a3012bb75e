"""Requests of a captured Modbus wire with what came after them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from gateway.capture.events import CapturedEvent, EventKind

_MOST_BYTES = 4096
_PAUSE_US = 1_000_000


class ExchangeEnd(StrEnum):
    """What ended an exchange."""

    FOLLOWED = "followed by something else"
    CLOSED = "closed"
    LOST = "lost"
    END_OF_CAPTURE = "end of capture"


@dataclass(frozen=True, slots=True)
class CapturedExchange:
    """One request and everything that came until the next one.

    Attributes:
        unix_us: UTC of the request in microseconds since 1970-01-01; of the first byte where there is no request.
        offset_us: The same, in microseconds since the capture began.
        request: As it went over the wire; empty for bytes that nobody had asked for.
        pieces: Microseconds after the request, and the bytes that came then.
        end: Why nothing more belongs to it.
        cut_in: Whether a request before it may be missing from the capture.
    """

    unix_us: int
    offset_us: int
    request: bytes
    pieces: tuple[tuple[int, bytes], ...]
    end: ExchangeEnd
    cut_in: bool = False

    @property
    def answer(self) -> bytes:
        """All bytes that came."""
        return b"".join(data for _, data in self.pieces)


_ENDS = {EventKind.OPENED: ExchangeEnd.CLOSED, EventKind.CLOSED: ExchangeEnd.CLOSED, EventKind.LOST: ExchangeEnd.LOST}


def exchanges(events: Iterable[CapturedEvent]) -> Iterator[CapturedExchange]:
    """Pair the events of one wire. One sent event is one request, as masters write it in one go.

    Memory is bounded: after `_MOST_BYTES` without a request, or after a pause if nobody asked, a new exchange begins.
    """
    begun: _Begun | None = None
    cut_in = True
    for event in events:
        if begun is not None and begun.takes(event):
            continue
        if begun is not None:
            yield begun.ended(_ENDS.get(event.kind, ExchangeEnd.FOLLOWED))
            cut_in = False
        if event.kind is EventKind.RECEIVED:
            begun = _Begun(event, b"", cut_in, [(0, event.data)])
        else:
            begun = _Begun(event, event.data) if event.kind is EventKind.SENT else None
            cut_in = event.kind is EventKind.LOST
    if begun is not None:
        yield begun.ended(ExchangeEnd.END_OF_CAPTURE)


@dataclass
class _Begun:
    """An exchange that is not over."""

    first: CapturedEvent
    request: bytes
    cut_in: bool = False
    pieces: list[tuple[int, bytes]] = field(default_factory=list)

    def takes(self, event: CapturedEvent) -> bool:
        """Add what belongs to it; False for everything else."""
        if event.kind is not EventKind.RECEIVED:
            return False
        after_us = event.offset_us - self.first.offset_us
        if not self.request and after_us - self.pieces[-1][0] > _PAUSE_US:
            return False
        if sum(len(data) for _, data in self.pieces) + len(event.data) > _MOST_BYTES:
            return False
        self.pieces.append((after_us, event.data))
        return True

    def ended(self, end: ExchangeEnd) -> CapturedExchange:
        return CapturedExchange(
            self.first.unix_us, self.first.offset_us, self.request, tuple(self.pieces), end, self.cut_in
        )
