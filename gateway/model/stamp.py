"""The acquisition instant: one stamp per tick, the same on every protocol."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, order=True)
class Stamp:
    """When the last byte of a frame or response arrived.

    Attributes:
        monotonic_ns: Monotonic clock in nanoseconds; for intervals only.
        unix_us: UTC in whole microseconds since 1970-01-01. Microseconds are the finest grain that Python's datetime,
            OPC UA (100 ns) and EPICS (1 ns) all carry unchanged.
    """

    monotonic_ns: int
    unix_us: int

    @property
    def utc(self) -> datetime:
        """The instant as an aware datetime."""
        return _EPOCH + timedelta(microseconds=self.unix_us)

    @classmethod
    def from_utc(cls, utc: datetime, monotonic_ns: int) -> Stamp:
        """Build from an aware datetime.

        Raises:
            ValueError: `utc` carries no time zone.
        """
        if utc.tzinfo is None:
            raise ValueError(f"an aware UTC time is needed, got {utc!r}")
        return cls(monotonic_ns, (utc - _EPOCH) // timedelta(microseconds=1))


class Clock(Protocol):
    """Time as the gateway sees it. Tests inject a virtual one, so that a day of schedule runs in seconds."""

    def monotonic_ns(self) -> int:
        """Monotonic time in nanoseconds."""
        ...

    def stamp(self) -> Stamp:
        """Monotonic and UTC time of this instant."""
        ...

    async def sleep_until(self, monotonic_ns: int) -> None:
        """Return when `monotonic_ns` has been reached; at least one scheduling point even if it is past."""
        ...
