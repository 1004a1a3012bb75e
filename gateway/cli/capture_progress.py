"""What `capture` tells while it works: a live line on a terminal, and how it ended everywhere."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from gateway.capture.events import CapturedEvent
from gateway.cli.capture_output import STANDARD_OUTPUT

if TYPE_CHECKING:
    from rich.status import Status


class CaptureProgress:
    """Counts what was captured. The live line is left out where the traffic itself is shown on the terminal.

    Args:
        bus: Name of the bus.
        output: Name of the file, or `-`.
        messages: Where to tell.
    """

    def __init__(self, bus: str, output: str, messages: TextIO) -> None:
        self._bus = bus
        self._output = output
        self._messages = messages
        self._began_s = monotonic()
        self._events = self._bytes = self._lost = 0
        self._stack = ExitStack()
        self._status: Status | None = None

    def __enter__(self) -> Self:
        if self._messages.isatty() and not (self._output == STANDARD_OUTPUT and sys.stdout.isatty()):
            from rich.console import Console

            console = Console(file=self._messages, highlight=False, markup=False)
            self._status = self._stack.enter_context(console.status(""))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()
        written = "" if self._output == STANDARD_OUTPUT else f"; written to {self._output}"
        if self._events or kind is None:
            self._messages.write(f"{self._summary()}{written}\n")

    def note(self, text: str) -> None:
        """Say something once."""
        if self._status is None:
            self._messages.write(f"{self._bus}: {text}\n")
            self._messages.flush()
        else:
            self._status.console.print(f"{self._bus}: {text}")

    def count(self, events: Sequence[CapturedEvent]) -> None:
        """Take note of what was captured."""
        for event in events:
            self._bytes += len(event.data)
            self._lost += event.lost
        self._events += len(events)
        if self._status is not None:
            from rich.text import Text

            self._status.update(Text(self._summary()))

    def _summary(self) -> str:
        lost = f", {self._lost} events lost because they were not written fast enough" if self._lost else ""
        return f"{self._bus}: {self._events} events, {self._bytes} bytes in {monotonic() - self._began_s:.0f} s{lost}"
