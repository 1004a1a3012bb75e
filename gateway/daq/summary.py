"""The counters of an acquisition or a playback: live, exact, and in fixed memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass
class AcquisitionSummary:
    """Counters of one recording or playback. Its context is the only writer; everybody may read at any moment.

    `payloads_emitted + payloads_dropped == payloads_produced` at every moment. A payload is a block, a reading, a
    mapping of results, or an output chunk; error payloads are payloads, too.

    The first eight fields are those of the instrument family. Where their meaning is tighter than there, it is said
    below.

    Attributes:
        started_at: UTC at which the device was started, or the first tick was due.
        finished_at: UTC at which the context was left, also after an error; None while inside.
        payloads_emitted: Payloads that consumers have read or can still read; chunks that were put out or are with the
            device. Tighter: what is evicted, left unread or never put out leaves this count.
        payloads_dropped: Payloads produced and then lost. Tighter: missed ticks do not count here.
        errors_observed: Errors of the device or of its driver, of any kind.
        overruns_observed: Times the device lost samples for want of a free buffer.
        underruns_observed: Times the output ran dry.
        extra: Further counters by name, for example `buffers_reused`.
        payloads_produced: Payloads made.
        samples_produced: Samples per channel in them.
        samples_lost: Samples per channel that the device says it has lost, before they became a payload.
        discontinuities: Places in the stream of blocks at which samples are missing or may be.
        ticks_late: Polled only: ticks that were never polled, because an earlier poll or a consumer took too long.
        producer_ended_at: UTC at which the last payload was made, or the error that ended it came up.
    """

    started_at: datetime
    finished_at: datetime | None = None
    payloads_emitted: int = 0
    payloads_dropped: int = 0
    errors_observed: int = 0
    overruns_observed: int = 0
    underruns_observed: int = 0
    extra: dict[str, int] = field(default_factory=dict)
    payloads_produced: int = field(default=0, kw_only=True)
    samples_produced: int = field(default=0, kw_only=True)
    samples_lost: int = field(default=0, kw_only=True)
    discontinuities: int = field(default=0, kw_only=True)
    ticks_late: int = field(default=0, kw_only=True)
    producer_ended_at: datetime | None = field(default=None, kw_only=True)

    def produced(self) -> None:
        """Count a payload that goes out now."""
        self.payloads_produced += 1
        self.payloads_emitted += 1

    def discard(self, payloads: int) -> None:
        """Move payloads that nobody will see from emitted to dropped."""
        self.payloads_emitted -= payloads
        self.payloads_dropped += payloads

    def count(self, name: str, number: int = 1) -> None:
        """Add to a counter of `extra`."""
        self.extra[name] = self.extra.get(name, 0) + number
