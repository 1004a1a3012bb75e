"""The exchanges of a capture file, whoever the master was."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.capture.capture_file import CaptureFile
from gateway.capture.exchanges import CapturedExchange, exchanges
from gateway.capture.overheard import overheard


def captured_exchanges(capture: CaptureFile) -> Iterator[CapturedExchange]:
    """Requests and answers of a capture of a Modbus bus.

    Raises:
        InputError: A line of the file cannot be read.
    """
    events = capture.events()
    return exchanges(overheard(capture.header.protocol, events) if capture.header.listening else events)
