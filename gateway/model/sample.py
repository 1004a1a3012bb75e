"""A Reading with its acquisition provenance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType

from gateway.model.readings import ProtocolKind, Reading

_NO_METADATA: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Sample:
    """One channel reading, or one failure, with where and when it was acquired.

    Exactly one of `reading` and `error` is set; an error Sample belongs to the whole analyser, so it has no channel.

    Attributes:
        device: Name of the analyser.
        channel: Channel identity, None on an error Sample.
        reading: The reading, None on an error Sample.
        protocol: How the bytes travelled.
        monotonic_ns: Monotonic time of the last byte, in ns.
        received_at: UTC of the last byte, aware, whole microseconds.
        requested_at: UTC at which the request was sent; None for unsolicited data.
        latency_s: Seconds from request to last byte; None for unsolicited data.
        metadata: Read-only extra facts, for example `analyser` (an `AnalyserStatus`).
        error: Why there is no reading.

    Raises:
        ValueError: A rule above is broken.
        TypeError: `monotonic_ns` is not an int.
    """

    device: str
    channel: str | None
    reading: Reading | None
    protocol: ProtocolKind
    monotonic_ns: int
    received_at: datetime
    requested_at: datetime | None = None
    latency_s: float | None = None
    metadata: Mapping[str, object] = field(default_factory=lambda: _NO_METADATA, hash=False)
    error: BaseException | None = None

    def __post_init__(self) -> None:
        if (self.reading is None) == (self.error is None):
            raise ValueError("a Sample carries exactly one of reading and error")
        if self.error is not None and self.channel is not None:
            raise ValueError("an error Sample belongs to the whole analyser: channel must be None")
        if self.reading is not None and self.channel != self.reading.channel:
            raise ValueError(f"channel {self.channel!r} does not match its reading's {self.reading.channel!r}")
        if type(self.monotonic_ns) is not int:
            raise TypeError(f"monotonic_ns must be an int, got {self.monotonic_ns!r}")
        for name in ("received_at", "requested_at"):
            moment: datetime | None = getattr(self, name)
            if moment is not None and moment.utcoffset() != timedelta(0):
                raise ValueError(f"{name} must be an aware UTC time, got {moment!r}")
        if not isinstance(self.metadata, MappingProxyType):
            object.__setattr__(self, "metadata", MappingProxyType(dict(self.metadata)))
