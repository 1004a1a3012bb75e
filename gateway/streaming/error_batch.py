"""The batch that stands for a failed poll: one error Sample per analyser the source speaks for."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.model.readings import ProtocolKind
from gateway.model.sample import Sample
from gateway.model.stamp import Clock
from gateway.ports import PollSource


class ErrorBatches:
    """Builds error batches; it learns from good batches which analysers a source speaks for.

    Args:
        source: What is polled; its `name` and `protocol`, if it has them, serve until the first good batch.
        clock: Stamps the failure.
        names: Analysers asked for; they serve until the first good batch.
        device: Overrides what is learned.
        protocol: Overrides what is learned.
    """

    def __init__(
        self,
        source: PollSource,
        clock: Clock,
        *,
        names: Sequence[str] | None,
        device: str | None,
        protocol: ProtocolKind | None,
    ) -> None:
        self._clock = clock
        self._device = device
        self._protocol = protocol
        own_name = getattr(source, "name", None)
        own_protocol = getattr(source, "protocol", None)
        fallback = own_protocol if isinstance(own_protocol, ProtocolKind) else ProtocolKind.MODBUS_RTU
        devices = names or [own_name if isinstance(own_name, str) else type(source).__name__]
        self._identities = [(name, fallback) for name in devices]
        self._last_good: Sequence[Sample] = ()

    def reports_failure(self, batch: Sequence[Sample]) -> bool:
        """Whether a batch holds an error Sample; a good one is remembered."""
        for sample in batch:
            if sample.error is not None:
                return True
        self._last_good = batch
        return False

    def build(self, error: Exception) -> Sequence[Sample]:
        """One error Sample per analyser, stamped now. Request time and latency stay unknown."""
        stamp = self._clock.stamp()
        utc = stamp.utc
        return tuple(
            Sample(device, None, None, protocol, stamp.monotonic_ns, utc, error=error)
            for device, protocol in self._speaks_for()
        )

    def _speaks_for(self) -> list[tuple[str, ProtocolKind]]:
        if self._last_good:
            learned = dict.fromkeys((sample.device, sample.protocol) for sample in self._last_good)
            self._identities = list(learned)
            self._last_good = ()
        if self._device is not None:
            return [(self._device, self._protocol or self._identities[0][1])]
        if self._protocol is not None:
            return [(device, self._protocol) for device, _ in self._identities]
        return self._identities
