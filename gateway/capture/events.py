"""What a capture is made of: a header that says which wire it was, and one event per thing seen on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from gateway.model.bus_spec import BusSpec
from gateway.model.readings import ProtocolKind
from gateway.model.stamp import Stamp
from gateway.wire.tap import WireEvent

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class EventKind(StrEnum):
    """What was seen, as it is written in the file."""

    SENT = ">"
    RECEIVED = "<"
    OPENED = "open"
    CLOSED = "close"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class CapturedEvent:
    """One event of a capture.

    Attributes:
        kind: What.
        unix_us: UTC in microseconds since 1970-01-01. It jumps when the machine's clock is set.
        offset_us: Microseconds since the capture began, by the monotonic clock. It never jumps.
        data: The bytes, at least one, of `EventKind.SENT` and `EventKind.RECEIVED`.
        lost: How many events are missing here, of `EventKind.LOST`.
    """

    kind: EventKind
    unix_us: int
    offset_us: int
    data: bytes = b""
    lost: int = 0

    @property
    def utc(self) -> datetime:
        """`unix_us` as an aware datetime."""
        return _EPOCH + timedelta(microseconds=self.unix_us)


@dataclass(frozen=True, slots=True)
class CaptureHeader:
    """Which wire it was.

    Attributes:
        bus: Name of the bus in the settings.
        link: Serial port or URL.
        protocol: Framing on the wire.
        baudrate: Bits per second.
        bytesize: Data bits.
        parity: `none`, `even` or `odd`.
        stopbits: Stop bits.
        started_us: UTC of the beginning in microseconds since 1970-01-01.
        drivers: Modbus address to the name of the driver that the settings give it.
        listening: Whether a Modbus bus was only listened to, so that even requests are received bytes.
    """

    bus: str
    link: str
    protocol: ProtocolKind
    baudrate: int
    bytesize: int
    parity: str
    stopbits: int
    started_us: int
    drivers: Mapping[int, str] = field(default_factory=dict)
    listening: bool = False

    @classmethod
    def of_bus(cls, name: str, spec: BusSpec, started: Stamp, drivers: Mapping[int, str]) -> CaptureHeader:
        """The header of a capture of this bus that begins now."""
        return cls(
            name,
            spec.link,
            spec.protocol,
            spec.baudrate,
            spec.bytesize,
            spec.parity,
            spec.stopbits,
            started.unix_us,
            drivers,
        )


def captured(event: WireEvent, started: Stamp) -> CapturedEvent:
    """An event of a tap as part of the capture that began at `started`."""
    offset_us = max(0, event.stamp.monotonic_ns - started.monotonic_ns) // 1000
    return CapturedEvent(EventKind[event.kind.name], event.stamp.unix_us, offset_us, event.data)
