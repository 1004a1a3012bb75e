"""Every point of an instrument behind a library, and its counters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gateway.drivers.library.settings import LibraryChannel
from gateway.model.described_point import DescribedPoint
from gateway.model.diagnostics import Counter
from gateway.model.points import PointSpec, ValueKind
from gateway.model.site_builder import value_point

VALUE, WAVEFORM, MEAN, STATUS = "Value", "Waveform", "Mean", "Status"
"""Points within a channel."""


def _count(attribute: str, name: str, meaning: str) -> Counter:
    return Counter(attribute, PointSpec(("Diagnostics", name), ValueKind.INTEGER, meaning))


COUNTERS: tuple[Counter, ...] = (
    _count("payloads", "Payloads", "Payloads that the library has delivered since the start"),
    _count("repeated", "Repeated", "Values that came again with the time of the last one, and were not taken as fresh"),
    _count("failures", "Failures", "Devices whose failure a payload told of"),
    _count("library_emitted", "LibraryEmitted", "Payloads of this recording that the library counts as delivered"),
    _count("library_dropped", "LibraryDropped", "Payloads of this recording that the library has dropped"),
    _count(
        "library_late", "LibraryLate", "Ticks that the library has skipped in this recording; with some, dropped too"
    ),
    _count("library_errors", "LibraryErrors", "Errors of this recording that the library has counted"),
    _count("library_disconnects", "LibraryDisconnects", "Times the library has lost the instrument in this recording"),
)
"""What the driver counts, and the library's own summary; a row that its summary does not have shows no value."""


def described_points(channels: Mapping[str, LibraryChannel]) -> tuple[DescribedPoint, ...]:
    """All points, channel by channel."""
    return tuple(point for name, channel in channels.items() for point in _points(name, channel))


def _points(name: str, channel: LibraryChannel) -> Iterator[DescribedPoint]:
    for spec in _values(name, channel):
        yield DescribedPoint(spec, name, channel.stale_after_s)
    about = f"{channel.description or name}: what the library says beside the value, in its own words"
    yield DescribedPoint(PointSpec((name, STATUS), ValueKind.TEXT, about), stale_after_s=channel.stale_after_s)


def _values(name: str, channel: LibraryChannel) -> Iterator[PointSpec]:
    if channel.length is None:
        yield value_point(name, channel, channel.kind, VALUE)
    else:
        yield PointSpec(
            (name, WAVEFORM),
            ValueKind.FLOAT,
            f"{channel.description or name}: samples of the block",
            unit=channel.unit,
            display_range=channel.range,
            precision=channel.precision,
            cyclic=True,
            length=channel.length,
        )
        yield value_point(name, channel, name=MEAN)
