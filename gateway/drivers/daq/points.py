"""Every point of a data acquisition device, in the order in which clients see them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gateway.drivers.daq.settings import DaqChannel, DaqSettings
from gateway.model.described_point import DescribedPoint
from gateway.model.diagnostics import Counter
from gateway.model.points import PointSpec, ValueKind
from gateway.model.site_builder import value_point

STATISTICS: tuple[tuple[str, str], ...] = (
    ("Mean", "Mean of the block"),
    ("RMS", "Root mean square of the block, its mean included"),
    ("Minimum", "Least sample of the block"),
    ("Maximum", "Largest sample of the block"),
    ("PeakToPeak", "Largest minus least sample of the block"),
    ("StandardDeviation", "Standard deviation of the samples of the block, over all of them (ddof 0)"),
)
"""Points of an input that are worked out from each block, in the order of `block_statistics`."""

BLOCK_POINTS: tuple[PointSpec, ...] = (
    PointSpec(("Block", "Index"), ValueKind.INTEGER, "Number of the block since the device was opened", cyclic=True),
    PointSpec(
        ("Block", "FirstSampleIndex"),
        ValueKind.INTEGER,
        "Number of the first sample of the block since the device was opened; samples known to be lost count",
        cyclic=True,
    ),
    PointSpec(
        ("Block", "FirstSampleTime"),
        ValueKind.TEXT,
        "UTC of the first sample of the block; the time stamps are those of its last sample",
        cyclic=True,
    ),
    PointSpec(
        ("Block", "Discontinuity"),
        ValueKind.BOOLEAN,
        "Samples were lost right before this block, or within it: do not join it to the one before",
    ),
    PointSpec(("SampleRate", "Requested"), ValueKind.FLOAT, "Samples per second asked for", unit="Hz", precision=3),
    PointSpec(
        ("SampleRate", "Estimated"),
        ValueKind.FLOAT,
        "Samples per second by the clock of this host, fitted to the times of the blocks",
        unit="Hz",
        precision=6,
    ),
)
"""Points of a device that is read in blocks."""

PLAYBACK_POINTS: tuple[PointSpec, ...] = (
    PointSpec(("Playback", "State"), ValueKind.TEXT, "idle, playing, draining, stopped or failed"),
    PointSpec(("Playback", "Signal"), ValueKind.TEXT, "What is played, or was last"),
    PointSpec(
        ("Playback", "Progress"), ValueKind.FLOAT, "Part of the signal handed to the device", unit="%", precision=1
    ),
    PointSpec(("Playback", "Drained"), ValueKind.BOOLEAN, "The device has played the last sample that it was handed"),
    PointSpec(("Playback", "Result"), ValueKind.TEXT, "How the last playback ended, in words"),
)
"""Points of a device with outputs."""


def _count(attribute: str, name: str, meaning: str) -> Counter:
    return Counter(attribute, PointSpec(("Diagnostics", name), ValueKind.INTEGER, meaning))


COUNTERS: tuple[Counter, ...] = (
    _count("produced", "Produced", "Blocks or readings that the device has given; always their Emitted + Dropped"),
    _count("payloads_emitted", "PayloadsEmitted", "Blocks or readings that were taken"),
    _count("payloads_dropped", "PayloadsDropped", "Blocks or readings lost because nobody took them in time"),
    _count("errors_observed", "DeviceErrors", "Errors that the device has reported"),
    _count("overruns_observed", "Overruns", "Times the device had no room for its samples"),
    _count("underruns_observed", "Underruns", "Times the device had no sample to play"),
)
"""What is counted beside the batches, since the start of the gateway."""


def described_points(settings: DaqSettings) -> tuple[DescribedPoint, ...]:
    """All points, those of the channels first."""
    return tuple(_points(settings))


def _points(settings: DaqSettings) -> Iterator[DescribedPoint]:
    for name, channel in settings.inputs.items():
        yield from _block_channel(name, channel, settings) if settings.mode == "blocks" else _polled(name, channel)
    for name, channel in settings.outputs.items():
        text = f"{channel.description or name}: the value it holds, none while something is played"
        yield DescribedPoint(replace(value_point(name, channel), description=text), name)
    if settings.mode == "blocks":
        yield from map(DescribedPoint, BLOCK_POINTS)
    if settings.outputs:
        yield from map(DescribedPoint, PLAYBACK_POINTS)


def _array(name: str, what: str, length: int, text: str, channel: DaqChannel) -> DescribedPoint:
    about = f"{channel.description or name}: {text}"
    return DescribedPoint(
        PointSpec(
            (name, what),
            ValueKind.FLOAT,
            about,
            unit=channel.unit,
            display_range=channel.range,
            precision=channel.precision,
            cyclic=True,
            length=length,
        ),
        name,
    )


def _block_channel(name: str, channel: DaqChannel, settings: DaqSettings) -> Iterator[DescribedPoint]:
    yield _array(name, "Waveform", settings.block_size, "samples of the block", channel)
    for statistic, text in STATISTICS:
        if statistic == "Mean":
            yield DescribedPoint(value_point(name, channel, name=statistic), name)
            continue
        about = f"{channel.description or name}: {text}"
        unit, precision = channel.unit, channel.precision
        yield DescribedPoint(
            PointSpec((name, statistic), ValueKind.FLOAT, about, unit=unit, precision=precision, cyclic=True)
        )
    trend = f"means of {settings.trend_interval_s:g} s each, the newest last"
    yield _array(name, "Trend", settings.trend_length, trend, channel)
    yield _sensor(name)


def _polled(name: str, channel: DaqChannel) -> Iterator[DescribedPoint]:
    yield DescribedPoint(value_point(name, channel), name)
    yield _sensor(name)


def _sensor(name: str) -> DescribedPoint:
    text = "What the device says of the sensor: ok, open, low or high"
    return DescribedPoint(PointSpec((name, "SensorStatus"), ValueKind.TEXT, text))
