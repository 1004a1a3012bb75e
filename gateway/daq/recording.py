"""What `record` and `record_polled` yield."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from gateway.daq.summary import AcquisitionSummary
from gateway.streaming.bounded_stream import BoundedStream

T = TypeVar("T")


@dataclass(slots=True)
class Recording(Generic[T]):
    """A running acquisition; every acquisition of the instrument family has this shape.

    Attributes:
        stream: Receive stream of payloads. It is closed when the context is left.
        summary: Live counters.
        rate_hz: Scans per second that the device has committed itself to, or polls per second.
    """

    stream: BoundedStream[T]
    summary: AcquisitionSummary
    rate_hz: float | None

    def __aiter__(self) -> AsyncIterator[T]:
        """The stream's payloads, so that the recording itself can be iterated."""
        return self.stream.__aiter__()
