"""Acquisition of an analyser that answers when asked, on a drift-free schedule."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.errors import GatewayError, LinkError
from gateway.model.readings import ProtocolKind
from gateway.model.sample import Sample
from gateway.model.stamp import Clock
from gateway.ports import PollSource
from gateway.runtime.driver_faults import DriverFaults
from gateway.runtime.freshness import Freshness
from gateway.streaming.recorder import Recorder


class _FaultTolerant:
    """A source whose own program faults become failed reads."""

    def __init__(self, source: PollSource, faults: DriverFaults) -> None:
        self._source = source
        self._faults = faults

    async def poll_samples(
        self, *, names: Sequence[str] | None = None, timeout: float | None = None
    ) -> Sequence[Sample]:
        try:
            return await self._source.poll_samples(names=names, timeout=timeout)
        except (GatewayError, OSError, TimeoutError):
            raise
        except Exception as error:
            raise self._faults.reported(error) from error


class PolledAcquisition:
    """Polls one analyser for ever.

    The bus reopens its wire by itself and fails at once while it is down, so every slot of an outage is polled, gives
    an error batch, and the first slot after the outage succeeds: no back-off stands between the cable and the values.

    Args:
        device: Name of the analyser.
        source: The analyser.
        rate_hz: Slots per second.
        phase_s: Delay of the first slot, which spreads the analysers of one bus over the period.
        protocol: Framing on the wire, for error Samples.
        freshness: Where batches go.
        clock: Time.
    """

    def __init__(
        self,
        device: str,
        source: PollSource,
        *,
        rate_hz: float,
        phase_s: float,
        protocol: ProtocolKind,
        freshness: Freshness,
        clock: Clock,
    ) -> None:
        self._freshness = freshness
        self._clock = clock
        self._faults = DriverFaults(device)
        self._down = False
        self._recorder = Recorder(
            _FaultTolerant(source, self._faults),
            rate_hz=rate_hz,
            phase_s=phase_s,
            reconnect_on=(),
            device=device,
            protocol=protocol,
            clock=clock,
        )
        self.summary = self._recorder.summary

    async def run(self) -> None:
        """Run until cancelled."""
        await self._recorder.run(self._take)

    def _take(self, batch: Sequence[Sample]) -> None:
        error = batch[0].error
        if isinstance(error, LinkError):
            self.summary.outages += not self._down
            self._down = True
        elif self._down:
            self.summary.reconnects += 1
            self._down = False
        try:
            self._freshness.deliver(batch)
        except Exception as fault:  # noqa: BLE001  a batch that is not as announced must not stop the other analysers
            self._freshness.fail(self._faults.reported(fault), self._clock.stamp())
