"""A BroadcastSource that follows a script: when each frame comes, and how a wire ends."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Sequence

from gateway.errors import ProtocolError
from gateway.model.readings import AnalyserStatus, ChannelKind, ChannelStatus, ProtocolKind, Reading
from gateway.model.sample import Sample
from gateway.model.schedule import NS_PER_S
from gateway.model.stamp import Clock

_METADATA = {"analyser": AnalyserStatus()}
_READING = Reading("I1", ChannelKind.MEASURED, "CO2", 1.5, "%", ChannelStatus())

Step = float | tuple[float, Exception]
"""When a frame comes, in seconds of the clock; a `ProtocolError` makes it a bad one, any other error ends the wire."""


class ScriptedBroadcast:
    """Sends frames with channel I1.

    Args:
        clock: Time.
        script: Steps of the n-th opening of the wire, in order; when they run out, the wire stays silent.
        device: Name in the Samples.

    Attributes:
        opened_ns: When the wire was opened.
    """

    def __init__(self, clock: Clock, script: Callable[[int], Iterable[Step]], *, device: str = "scripted") -> None:
        self._clock = clock
        self._script = script
        self._device = device
        self.opened_ns: list[int] = []

    async def batches(self) -> AsyncGenerator[Sequence[Sample], None]:
        """One batch of one Sample per frame, until the scripted error."""
        self.opened_ns.append(self._clock.monotonic_ns())
        for step in self._script(len(self.opened_ns) - 1):
            due_s, error = step if isinstance(step, tuple) else (step, None)
            await self._clock.sleep_until(round(due_s * NS_PER_S))
            if error is not None and not isinstance(error, ProtocolError):
                raise error
            yield (self._sample(error),)
        while True:
            await self._clock.sleep_until(self._clock.monotonic_ns() + 3600 * NS_PER_S)

    def _sample(self, error: ProtocolError | None) -> Sample:
        stamp = self._clock.stamp()
        reading = _READING if error is None else None
        return Sample(
            self._device,
            None if reading is None else reading.channel,
            reading,
            ProtocolKind.CONTINUOUS,
            stamp.monotonic_ns,
            stamp.utc,
            metadata=_METADATA,
            error=error,
        )
