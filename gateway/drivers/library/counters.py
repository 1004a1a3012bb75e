"""What is counted: by the driver itself, and by the summary of the library's recording."""

from __future__ import annotations

_EMITTED = ("samples_emitted", "payloads_emitted", "blocks_emitted")
_DROPPED = ("samples_dropped", "payloads_dropped", "blocks_dropped")
_LATE = ("samples_late", "payloads_late", "blocks_late")
_ERRORS = ("error_samples", "errors_observed")
_DISCONNECTS = ("disconnects",)


class LibraryCounters:
    """Live counters of one instrument.

    The libraries do not agree on what they count: some count what they have dropped as late, some go on counting as
    delivered what they have dropped. So deliveries are counted here, and the summary is only shown.

    Attributes:
        payloads: Payloads delivered.
        repeated: Values that came again with the time of the last one.
        failures: Devices whose failure a payload told of.
        summary: That of the present recording, or of the last one; None before the first.
    """

    def __init__(self) -> None:
        self.payloads = 0
        self.repeated = 0
        self.failures = 0
        self.summary: object = None

    @property
    def library_emitted(self) -> int | None:
        """Payloads that the library counts as delivered; None where it does not count them, as with all of these."""
        return self._first(_EMITTED)

    @property
    def library_dropped(self) -> int | None:
        """Payloads that it has dropped."""
        return self._first(_DROPPED)

    @property
    def library_late(self) -> int | None:
        """Ticks that it has skipped."""
        return self._first(_LATE)

    @property
    def library_errors(self) -> int | None:
        """Errors that it has counted."""
        return self._first(_ERRORS)

    @property
    def library_disconnects(self) -> int | None:
        """Times it has lost the instrument."""
        return self._first(_DISCONNECTS)

    def _first(self, names: tuple[str, ...]) -> int | None:
        for name in names:
            value = getattr(self.summary, name, None)
            if isinstance(value, int):
                return value
        return None
