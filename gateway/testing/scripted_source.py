"""A PollSource that follows a script: how long each poll takes and how it ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gateway.model.readings import AnalyserStatus, ChannelKind, ChannelStatus, ProtocolKind, Reading
from gateway.model.sample import Sample
from gateway.model.schedule import NS_PER_S
from gateway.model.stamp import Clock

_METADATA = {"analyser": AnalyserStatus()}
_READING = Reading("I1", ChannelKind.MEASURED, "CO2", 1.5, "%", ChannelStatus())

Step = float | Exception | tuple[float, Exception]
"""Duration of a poll in seconds, an error raised at once, or both."""


class ScriptedSource:
    """Answers with one Sample of channel I1 per poll.

    Args:
        clock: Time that polls take, and their stamps.
        script: Step of the n-th poll; None makes every poll instant and good.
        device: Name in the Samples.

    Attributes:
        polled_ns: When each poll began.
        calls: Arguments of each poll.
        closed: How often `aclose` was called.
    """

    name = "scripted"
    protocol = ProtocolKind.MODBUS_TCP

    def __init__(self, clock: Clock, script: Callable[[int], Step] | None = None, *, device: str = "scripted") -> None:
        self._clock = clock
        self._script = script
        self._device = device
        self.polled_ns: list[int] = []
        self.calls: list[tuple[Sequence[str] | None, float | None]] = []
        self.closed = 0

    @property
    def polled_s(self) -> list[float]:
        """When each poll began, in seconds of the clock."""
        return [moment / NS_PER_S for moment in self.polled_ns]

    async def poll_samples(
        self, *, names: Sequence[str] | None = None, timeout: float | None = None
    ) -> Sequence[Sample]:
        """One batch of one Sample, or the scripted error."""
        asked = self._clock.stamp()
        self.polled_ns.append(asked.monotonic_ns)
        self.calls.append((names, timeout))
        step: Step = 0.0 if self._script is None else self._script(len(self.polled_ns) - 1)
        duration, error = (
            step if isinstance(step, tuple) else (0.0, step) if isinstance(step, Exception) else (step, None)
        )
        if duration:
            await self._clock.sleep_until(asked.monotonic_ns + round(duration * NS_PER_S))
        if error is not None:
            raise error
        stamp = self._clock.stamp()
        sample = Sample(
            self._device,
            _READING.channel,
            _READING,
            self.protocol,
            stamp.monotonic_ns,
            stamp.utc,
            requested_at=asked.utc,
            latency_s=(stamp.monotonic_ns - asked.monotonic_ns) / NS_PER_S,
            metadata=_METADATA,
        )
        return (sample,)

    async def aclose(self) -> None:
        """Count the call."""
        self.closed += 1
