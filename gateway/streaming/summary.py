"""The acquisition counters: live, exact and in fixed memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import overload

from gateway.model.histogram import Histogram

_NS_PER_MS = 1_000_000


class LivePercentile:
    """A dataclass field that is computed when read, in milliseconds.

    Until the first duration has been measured it shows the value given to the constructor.
    """

    def __init__(self, histogram: str, fraction: float) -> None:
        self._histogram = histogram
        self._fraction = fraction

    def __set_name__(self, owner: type, name: str) -> None:
        self._given = f"_{name}"

    @overload
    def __get__(self, summary: None, owner: type) -> float: ...
    @overload
    def __get__(self, summary: object, owner: type) -> float: ...
    def __get__(self, summary: object | None, owner: type) -> float:
        """The percentile, or the default 0 when read on the class."""
        if summary is None:
            return 0.0
        histogram: Histogram | None = getattr(summary, self._histogram, None)
        if histogram is None or histogram.count == 0:
            given: float = getattr(summary, self._given)
            return given
        return histogram.percentile(self._fraction) / _NS_PER_MS

    def __set__(self, summary: object, value: float) -> None:
        """Keep the value shown until something has been measured."""
        setattr(summary, self._given, value)


@dataclass
class AcquisitionSummary:
    """Counters of one recording. The recorder is the only writer; everybody may read at any moment.

    A slot is counted once its fate is known, and then under exactly one cause, so at every moment
    `scheduled == samples_emitted + samples_dropped + samples_late`. A slot whose poll is under way is not counted yet;
    neither is one whose poll was cancelled or ended the recording, for it has no batch.

    The first eight fields are those of the instrument family's `record()`. Where their meaning is tighter than there,
    it is said below.

    Attributes:
        started_at: UTC at which the first slot was due.
        finished_at: UTC at which the context of `record()` was left; None while inside.
        samples_emitted: Batches (not single Samples) that consumers have read or can still read. Tighter: a batch that
            is evicted or left unread leaves this count.
        samples_late: Slots that were never polled because an earlier poll or a blocked consumer took too long. Tighter:
            neither overflow nor outages count here.
        max_drift_ms: Largest start lateness: from the moment a slot was due to the start of its poll. Tighter: the
            poll's own time is not in it.
        tick_duration_ms_p50: Median duration of the successful polls. Live.
        tick_duration_ms_p99: 99th percentile of the same. Live.
        disconnects: Connection errors of polls that were absorbed; 0 without `auto_reconnect`. Slots that pass during
            an outage without a poll do not count here.
        scheduled: Slots whose fate is known.
        samples_dropped: Batches acquired and then lost, to overflow or unread at the end.
        errors: Slots whose batch reports a failure: a poll that failed or returned nothing, a slot during an outage, or
            a batch with at least one error Sample.
        outages: Times the link went down.
        reconnects: Outages that ended in a successful poll.
        reconnect_attempts: Attempts to end an outage.
        producer_ended_at: UTC at which the last slot was done with, or the error that ended the recording came up.
        poll_ns: Durations of the successful polls, in nanoseconds.
        drift_ns: Start latenesses, in nanoseconds.
    """

    started_at: datetime
    finished_at: datetime | None = None
    samples_emitted: int = 0
    samples_late: int = 0
    max_drift_ms: float = 0.0
    tick_duration_ms_p50: LivePercentile = LivePercentile("poll_ns", 0.50)
    tick_duration_ms_p99: LivePercentile = LivePercentile("poll_ns", 0.99)
    disconnects: int = 0
    scheduled: int = field(default=0, kw_only=True)
    samples_dropped: int = field(default=0, kw_only=True)
    errors: int = field(default=0, kw_only=True)
    outages: int = field(default=0, kw_only=True)
    reconnects: int = field(default=0, kw_only=True)
    reconnect_attempts: int = field(default=0, kw_only=True)
    producer_ended_at: datetime | None = field(default=None, kw_only=True)
    poll_ns: Histogram = field(default_factory=Histogram, init=False, repr=False, compare=False)
    drift_ns: Histogram = field(default_factory=Histogram, init=False, repr=False, compare=False)

    @property
    def poll_ms_max(self) -> float:
        """Longest successful poll, exact."""
        return self.poll_ns.maximum / _NS_PER_MS

    @property
    def drift_ms_p50(self) -> float:
        """Median start lateness."""
        return self.drift_ns.percentile(0.50) / _NS_PER_MS

    @property
    def drift_ms_p99(self) -> float:
        """99th percentile of the start lateness."""
        return self.drift_ns.percentile(0.99) / _NS_PER_MS

    def observe_start(self, lateness_ns: int) -> None:
        """Count how late a slot's poll started."""
        lateness = max(0, lateness_ns)
        if lateness > self.drift_ns.maximum:
            self.max_drift_ms = lateness / _NS_PER_MS
        self.drift_ns.add(lateness)

    def discard(self, batches: int) -> None:
        """Move batches that nobody will read from emitted to dropped."""
        self.samples_emitted -= batches
        self.samples_dropped += batches
