"""Acquisition of an analyser that talks unasked."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Sequence
from contextlib import aclosing

import anyio

from gateway.errors import LinkError
from gateway.model.reopen_pause import ReopenPause
from gateway.model.sample import Sample
from gateway.model.stamp import Clock
from gateway.ports import BroadcastSource
from gateway.runtime.driver_faults import DriverFaults
from gateway.runtime.freshness import Freshness
from gateway.streaming.summary import AcquisitionSummary

_SILENT_INTERVALS = 5
_SILENT_S = 15.0
"""Silence of five intervals, at least 15 s, makes the connection suspect: a half-open one stays silent for ever."""


class BroadcastAcquisition:
    """Listens to one analyser for ever and reopens its wire after a loss, or after a long silence.

    A slot of the schedule is one frame interval: a frame fills it, and slots that pass without a frame count as late.

    Args:
        device: Name of the analyser.
        source: The analyser.
        interval_s: Frame interval set on the analyser.
        frames_are_checked: Whether an error stands for a damaged frame, which must not touch the values; otherwise it
            says that the analyser cannot be read.
        freshness: Where batches go.
        clock: Time.
        uniform: Random numbers from 0 to 1 for the jitter of the pauses before the wire is reopened.
    """

    def __init__(
        self,
        device: str,
        source: BroadcastSource,
        *,
        interval_s: float,
        frames_are_checked: bool = True,
        freshness: Freshness,
        clock: Clock,
        uniform: Callable[[], float] = random.random,
    ) -> None:
        self._log = logging.getLogger(f"gateway.analyser.{device}")
        self._source = source
        self._interval_ns = round(interval_s * 1e9)
        self._silence_ns = max(_SILENT_INTERVALS * self._interval_ns, round(_SILENT_S * 1e9))
        self._frames_are_checked = frames_are_checked
        self._freshness = freshness
        self._clock = clock
        self._pause = ReopenPause(interval_s, uniform)
        self._down = False
        self._faults = DriverFaults(device)
        self._heard_ns = clock.monotonic_ns()
        self._last_ns: int | None = None
        self.summary = AcquisitionSummary(clock.stamp().utc)

    async def run(self) -> None:
        """Run until cancelled."""
        while True:
            try:
                await self._listen()
            except LinkError as error:
                self._freshness.fail(error, self._clock.stamp())
                self.summary.outages += not self._down
                self._down = True
            except Exception as error:  # noqa: BLE001  a fault of the driver must not stop the other analysers
                self._freshness.fail(self._faults.reported(error), self._clock.stamp())
            await self._clock.sleep_until(self._clock.monotonic_ns() + self._pause.next_ns())

    async def _listen(self) -> None:
        """Take what comes from one opened wire, until it is silent for too long."""
        self._heard_ns = self._clock.monotonic_ns()
        failure: Exception | None = None
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._watch, tasks.cancel_scope)
            try:
                async with aclosing(self._source.batches()) as batches:
                    async for batch in batches:
                        self._heard_ns = self._clock.monotonic_ns()
                        self.summary.reconnects += self._down
                        self._down = False
                        self._pause.reset()
                        self._take(batch)
            except Exception as error:  # noqa: BLE001  raised below, outside of the group
                failure = error
            tasks.cancel_scope.cancel()
        if failure is not None:
            raise failure

    async def _watch(self, listening: anyio.CancelScope) -> None:
        while self._clock.monotonic_ns() < (due := self._heard_ns + self._silence_ns):
            await self._clock.sleep_until(due)
        self._log.debug("nothing heard for %g s; the wire is opened again", self._silence_ns / 1e9)
        listening.cancel()

    def _take(self, batch: Sequence[Sample]) -> None:
        first = batch[0]
        summary = self.summary
        if self._last_ns is not None:
            # To the nearest slot: a frame that comes a hair early does not hide the one lost before it.
            missed = max(0, (first.monotonic_ns - self._last_ns + self._interval_ns // 2) // self._interval_ns - 1)
            summary.samples_late += missed
            summary.scheduled += missed
        self._last_ns = first.monotonic_ns
        summary.scheduled += 1
        summary.samples_emitted += 1
        summary.errors += first.error is not None
        if first.error is not None and self._frames_are_checked:
            self._freshness.reject(str(first.error))
        else:
            self._freshness.deliver(batch)
