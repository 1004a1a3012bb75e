"""What `play` yields: its counters, and a way to wait for the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from anyio import Event

from gateway.daq.errors import DaqTaskStateError
from gateway.daq.summary import AcquisitionSummary


class PlaybackEnd(StrEnum):
    """What the outputs do when a playback ends."""

    SAFE = "safe"
    """They go to `OutputChannel.rest_value`: on a ramp of one buffer's length when the source has ended; at once when
    the playback is broken off, as far as the device can be muted or set."""

    HOLD = "hold"
    """They stay where they are."""


@dataclass
class Playback(AcquisitionSummary):
    """Counters of a playback; see `AcquisitionSummary`. A payload is a chunk of the source."""

    _ended: Event = field(default_factory=Event, init=False, repr=False, compare=False)
    _complete: bool = field(default=False, init=False, repr=False, compare=False)
    _endless: bool = field(default=False, repr=False, compare=False, kw_only=True)

    @property
    def is_complete(self) -> bool:
        """Whether the source has ended and every sample of it, and its end, has been put out."""
        return self._complete

    async def drained(self) -> None:
        """Wait until the source has ended, every sample is put out, and the device has stopped.

        Raises:
            DaqTaskStateError: That will never be: it was broken off, or its buffers are replayed for ever.
        """
        if self._endless:
            raise DaqTaskStateError("WrapMode.SINGLE replays its buffers for ever", hint="leave the context to stop it")
        await self._ended.wait()
        if not self._complete:
            raise DaqTaskStateError("the playback was broken off before its end")

    def end(self, *, complete: bool) -> None:
        """Wake whoever waits; for `play` alone."""
        if not self._ended.is_set():
            self._complete = complete
            self._ended.set()
