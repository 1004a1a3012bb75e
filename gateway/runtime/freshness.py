"""The quality ladder of one analyser: fresh, uncertain, bad, and back without a restart."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from gateway.model.projection import Projector
from gateway.model.quality import State
from gateway.model.sample import Sample
from gateway.model.stamp import Clock, Stamp
from gateway.model.update import Update
from gateway.runtime.hub import Hub

HARD_LIMIT = 3
"""After this many stale times without anything fresh, the last value is no longer shown as usable."""


def default_stale_s(interval_s: float) -> float:
    """Stale time when the settings give none: three intervals, at least 5 s."""
    return max(3 * interval_s, 5.0)


class Freshness:
    """Publishes every batch of one analyser, and says so when nothing fresh comes.

    A failed read lowers all points to `COMMUNICATION_INTERRUPTED` at once; silence lowers them to `STALE` after the
    stale time; both end in `COMMUNICATION_LOST` after three stale times. The next good batch lifts everything again.

    Args:
        device: Name of the analyser, for the log.
        projector: Makes Updates from batches.
        hub: Where Updates go.
        clock: Time.
        stale_s: Stale time in seconds.
    """

    def __init__(self, device: str, projector: Projector, hub: Hub, clock: Clock, stale_s: float) -> None:
        self._device = device
        self._projector = projector
        self._hub = hub
        self._clock = clock
        self._stale_ns = round(stale_s * 1e9)
        self._good_ns = clock.monotonic_ns()
        self._state: State = State.WAITING
        self._failures = 0
        self._mismatched: list[str] = []
        self._log = logging.getLogger(f"gateway.analyser.{device}")

    def deliver(self, batch: Sequence[Sample]) -> None:
        """Publish one batch; never suspends."""
        error = batch[0].error
        if error is None:
            self._good_ns = batch[0].monotonic_ns
            self._transition(State.GOOD, "")
            update = self._projector.project(batch)
            self._hub.publish(update)
            self._report_units(update)
            return
        self.fail(error, Stamp.from_utc(batch[0].received_at, batch[0].monotonic_ns))

    def fail(self, error: BaseException, stamp: Stamp) -> None:
        """The analyser cannot be reached at this instant: lower the quality at once."""
        self._failures += 1
        lost = stamp.monotonic_ns - self._good_ns >= HARD_LIMIT * self._stale_ns
        state = State.COMMUNICATION_LOST if lost else State.COMMUNICATION_INTERRUPTED
        if state is State.COMMUNICATION_LOST or self._state is not State.COMMUNICATION_LOST:
            self._degrade(state, stamp, str(error))

    def reject(self, reason: str) -> None:
        """Note something unusable that must not touch the values: they age instead."""
        self._failures += 1
        if self._failures == 1:
            self._log.warning("%s: %s", self._device, reason)

    async def watch(self) -> None:
        """Lower the quality when time passes without anything fresh; runs until cancelled."""
        self._good_ns = self._clock.monotonic_ns()
        while True:
            good_ns = self._good_ns
            await self._clock.sleep_until(good_ns + self._stale_ns)
            if self._good_ns != good_ns:
                continue
            if self._state in (State.WAITING, State.GOOD):
                self._degrade(State.STALE, self._clock.stamp(), f"nothing fresh for {self._stale_ns / 1e9:g} s")
            await self._clock.sleep_until(good_ns + HARD_LIMIT * self._stale_ns)
            if self._good_ns == good_ns and self._state is not State.COMMUNICATION_LOST:
                reason = f"nothing fresh for {HARD_LIMIT * self._stale_ns / 1e9:g} s"
                self._degrade(State.COMMUNICATION_LOST, self._clock.stamp(), reason)
            while self._good_ns == good_ns:
                await self._clock.sleep_until(self._clock.monotonic_ns() + self._stale_ns)

    def stop(self, stamp: Stamp) -> None:
        """Show that the gateway is stopping."""
        self._hub.publish(self._projector.degrade(State.STOPPED, stamp))

    def _report_units(self, update: Update) -> None:
        mismatched = self._projector.in_state(update, State.UNIT_MISMATCH)
        if mismatched != self._mismatched:
            self._mismatched = mismatched
            if mismatched:
                what = "the analyser sends another unit than configured; correct `unit` in the settings"
                self._log.error("%s: %s: %s", self._device, ", ".join(mismatched), what)
            else:
                self._log.warning("%s: all units are as configured again", self._device)

    def _degrade(self, state: State, stamp: Stamp, reason: str) -> None:
        self._transition(state, reason)
        self._hub.publish(self._projector.degrade(state, stamp))

    def _transition(self, state: State, reason: str) -> None:
        if state is self._state:
            return
        if state is State.GOOD:
            if self._state is State.WAITING:
                self._log.info("%s: first values", self._device)
            else:
                failures = f" after {self._failures} failed reads" if self._failures else ""
                self._log.warning("%s: back%s", self._device, failures)
            self._failures = 0
        else:
            self._log.warning("%s: %s: %s", self._device, state.value, reason)
        self._state = state
