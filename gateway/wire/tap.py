"""Listening in on a wire: every byte both ways, with its time stamp, for captures and for explanations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from gateway.model.stamp import Stamp


class WireEventKind(StrEnum):
    """What was seen on a wire."""

    SENT = "sent"
    RECEIVED = "received"
    OPENED = "opened"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class WireEvent:
    """One thing seen on a wire.

    Attributes:
        kind: What.
        stamp: When; for received bytes, when the operating system handed them over.
        data: The bytes; empty for an opening or closing.
    """

    kind: WireEventKind
    stamp: Stamp
    data: bytes = b""


Listener = Callable[[WireEvent], None]


class WireTap:
    """A place on a wire where listeners can be attached while it runs; without any it costs one test per event."""

    def __init__(self) -> None:
        self._listeners: tuple[Listener, ...] = ()

    @contextmanager
    def attached(self, listener: Listener) -> Iterator[None]:
        """Listen for the length of a block. A listener must neither suspend nor raise."""
        self._listeners = (*self._listeners, listener)
        try:
            yield
        finally:
            self._listeners = tuple(other for other in self._listeners if other is not listener)

    def see(self, kind: WireEventKind, stamp: Stamp, data: bytes = b"") -> None:
        """Tell all listeners."""
        if self._listeners:
            event = WireEvent(kind, stamp, data)
            for listener in self._listeners:
                listener(event)
