"""What is counted from the start of the gateway on, over all openings of the device."""

from __future__ import annotations

from gateway.daq import AcquisitionSummary


class DaqCounters:
    """Sums of finished and running recordings and playbacks; `points.COUNTERS` are its attributes."""

    def __init__(self) -> None:
        self._recordings = _Sum()
        self._playbacks = _Sum()

    def recording(self, summary: AcquisitionSummary) -> None:
        """Another recording counts from now on."""
        self._recordings.follow(summary)

    def playback(self, summary: AcquisitionSummary) -> None:
        """Another playback counts from now on; of its payloads nothing is said here."""
        self._playbacks.follow(summary)

    @property
    def produced(self) -> int:
        """Blocks or readings that the device has given."""
        return self._recordings.of("payloads_produced")

    @property
    def payloads_emitted(self) -> int:
        """Blocks or readings that were taken."""
        return self._recordings.of("payloads_emitted")

    @property
    def payloads_dropped(self) -> int:
        """Blocks or readings that nobody took in time."""
        return self._recordings.of("payloads_dropped")

    @property
    def errors_observed(self) -> int:
        """Errors of the device."""
        return self._recordings.of("errors_observed") + self._playbacks.of("errors_observed")

    @property
    def overruns_observed(self) -> int:
        """Times samples were lost for want of room."""
        return self._recordings.of("overruns_observed")

    @property
    def underruns_observed(self) -> int:
        """Times an output ran dry."""
        return self._playbacks.of("underruns_observed")


_FIELDS = (
    "payloads_produced",
    "payloads_emitted",
    "payloads_dropped",
    "errors_observed",
    "overruns_observed",
    "underruns_observed",
)


class _Sum:
    """Counts of one running summary, and of those that were followed before it."""

    def __init__(self) -> None:
        self._before = dict.fromkeys(_FIELDS, 0)
        self._live: AcquisitionSummary | None = None

    def follow(self, summary: AcquisitionSummary) -> None:
        self._before = {name: self.of(name) for name in _FIELDS}
        self._live = summary

    def of(self, name: str) -> int:
        live: int = 0 if self._live is None else getattr(self._live, name)
        return self._before[name] + live
