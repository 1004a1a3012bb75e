"""Requests of a captured Modbus wire with what came after them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from gateway.capture.events import CapturedEvent, EventKind


class ExchangeEnd(StrEnum):
    """What ended an exchange."""

    NEXT_REQUEST = "next request"
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
    """

    unix_us: int
    offset_us: int
    request: bytes
    pieces: tuple[tuple[int, bytes], ...]
    end: ExchangeEnd

    @property
    def answer(self) -> bytes:
        """All bytes that came."""
        return b"".join(data for _, data in self.pieces)


_ENDS = {
    EventKind.SENT: ExchangeEnd.NEXT_REQUEST,
    EventKind.OPENED: ExchangeEnd.CLOSED,
    EventKind.CLOSED: ExchangeEnd.CLOSED,
    EventKind.LOST: ExchangeEnd.LOST,
}


def exchanges(events: Iterable[CapturedEvent]) -> Iterator[CapturedExchange]:
    """Pair the events of one wire. One sent event is one request, as masters write it in one go."""
    first: CapturedEvent | None = None
    pieces: list[tuple[int, bytes]] = []

    def ended(begun: CapturedEvent, end: ExchangeEnd) -> CapturedExchange:
        request = begun.data if begun.kind is EventKind.SENT else b""
        return CapturedExchange(begun.unix_us, begun.offset_us, request, tuple(pieces), end)

    for event in events:
        if event.kind is EventKind.RECEIVED:
            first = event if first is None else first
            pieces.append((event.offset_us - first.offset_us, event.data))
            continue
        if first is not None:
            yield ended(first, _ENDS[event.kind])
        first, pieces = (event if event.kind is EventKind.SENT else None), []
    if first is not None:
        yield ended(first, ExchangeEnd.END_OF_CAPTURE)
