"""The acquisition counters as ordinary points: one table, from which points, values and documentation come."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.model.points import PointSpec, ValueKind


@dataclass(frozen=True, slots=True)
class Counter:
    """One line of the table.

    Attributes:
        attribute: Name on the acquisition summary.
        point: How clients see it.
    """

    attribute: str
    point: PointSpec


def _count(attribute: str, name: str, meaning: str) -> Counter:
    return Counter(attribute, PointSpec(("Diagnostics", name), ValueKind.INTEGER, meaning))


def _measure(attribute: str, name: str, unit: str, precision: int, meaning: str) -> Counter:
    path = ("Diagnostics", name)
    return Counter(attribute, PointSpec(path, ValueKind.FLOAT, meaning, unit=unit, precision=precision))


COUNTERS: tuple[Counter, ...] = (
    _count("scheduled", "Scheduled", "Ticks that were due so far; always Emitted + Dropped + Late"),
    _count("samples_emitted", "Emitted", "Ticks whose batch was delivered, failed reads included"),
    _count("samples_dropped", "Dropped", "Ticks polled but lost before delivery"),
    _count("samples_late", "Late", "Ticks skipped because their time had passed"),
    _count("errors", "Errors", "Delivered batches that carry an error instead of readings"),
    _count("outages", "Outages", "Times the wire went down"),
    _count("reconnects", "Reconnects", "Times the wire came back"),
    _measure("max_drift_ms", "MaxDrift", "ms", 3, "Largest lateness of a poll's start against its slot"),
    _measure("drift_ms_p50", "DriftP50", "ms", 3, "Median lateness of a poll's start"),
    _measure("drift_ms_p99", "DriftP99", "ms", 3, "99th percentile of the lateness of a poll's start"),
    _measure("tick_duration_ms_p50", "PollTimeP50", "ms", 3, "Median duration of a poll"),
    _measure("tick_duration_ms_p99", "PollTimeP99", "ms", 3, "99th percentile of the duration of a poll"),
    _measure("poll_ms_max", "PollTimeMax", "ms", 3, "Longest poll"),
)
"""One row per counter; `docs/reference/points.md` is generated from it."""
