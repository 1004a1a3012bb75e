"""Acquisition of an analyser that talks unasked."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import aclosing

from gateway.errors import LinkError
from gateway.model.reopen_pause import ReopenPause
from gateway.model.sample import Sample
from gateway.model.stamp import Clock
from gateway.ports import BroadcastSource
from gateway.runtime.freshness import Freshness
from gateway.streaming.summary import AcquisitionSummary


class BroadcastAcquisition:
    """Listens to one analyser for ever and reopens its wire after a loss.

    A slot of the schedule is one frame interval: a frame fills it, and slots that pass without a frame count as late.

    Args:
        device: Name of the analyser.
        source: The analyser.
        interval_s: Frame interval set on the analyser.
        freshness: Where batches go.
        clock: Time.
    """

    def __init__(
        self, device: str, source: BroadcastSource, *, interval_s: float, freshness: Freshness, clock: Clock
    ) -> None:
        self._log = logging.getLogger(f"gateway.analyser.{device}")
        self._source = source
        self._interval_ns = round(interval_s * 1e9)
        self._freshness = freshness
        self._clock = clock
        self._last_ns: int | None = None
        self.summary = AcquisitionSummary(clock.stamp().utc)

    async def run(self) -> None:
        """Run until cancelled."""
        pause = ReopenPause()
        down = False
        while True:
            try:
                async with aclosing(self._source.batches()) as batches:
                    async for batch in batches:
                        self.summary.reconnects += down
                        down = False
                        pause.reset()
                        self._take(batch)
            except LinkError as error:
                self._freshness.fail(error, self._clock.stamp())
                self.summary.outages += not down
                down = True
            except Exception as error:  # noqa: BLE001  a fault of the driver must not stop the other analysers
                self._log.exception("fault of the driver; the wire is opened again")
                self._freshness.fail(error, self._clock.stamp())
            await self._clock.sleep_until(self._clock.monotonic_ns() + pause.next_ns())

    def _take(self, batch: Sequence[Sample]) -> None:
        first = batch[0]
        summary = self.summary
        if self._last_ns is not None:
            missed = max(0, (first.monotonic_ns - self._last_ns) // self._interval_ns - 1)
            summary.samples_late += missed
            summary.scheduled += missed
        self._last_ns = first.monotonic_ns
        summary.scheduled += 1
        summary.samples_emitted += 1
        if first.error is None:
            self._freshness.deliver(batch)
        else:
            summary.errors += 1
            self._freshness.reject(str(first.error))
