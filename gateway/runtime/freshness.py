"""The quality ladder of one analyser: fresh, uncertain, bad, and back without a restart."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.model.point_memory import HARD_LIMIT
from gateway.model.projection import Projection
from gateway.model.quality import State
from gateway.model.sample import Sample
from gateway.model.stamp import Clock, Stamp
from gateway.model.update import Update
from gateway.model.value_rules import Reason
from gateway.runtime.hub import Hub


def default_stale_s(interval_s: float) -> float:
    """Stale time when the settings give none: three intervals, at least 5 s."""
    return max(3 * interval_s, 5.0)


@dataclass(frozen=True, slots=True)
class Failure:
    """The last thing that went wrong.

    Attributes:
        text: What, where and what to do.
        stamp: When.
    """

    text: str
    stamp: Stamp


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

    Attributes:
        state: `State.GOOD`, or what all points have fallen to.
        since: When that began.
        failures: Failed reads and bad frames since `state` last became good.
        failure: The last failed read or bad frame, None before the first.
        batch: The last good batch, None before the first.
    """

    def __init__(self, device: str, projector: Projection, hub: Hub, clock: Clock, stale_s: float) -> None:
        self._device = device
        self._projector = projector
        self._hub = hub
        self._clock = clock
        self._stale_ns = round(stale_s * 1e9)
        self._good_ns = clock.monotonic_ns()
        self.state: State = State.WAITING
        self.since = clock.stamp()
        self.failures = 0
        self.failure: Failure | None = None
        self.batch: Sequence[Sample] | None = None
        self._reason = "nothing received since the start"
        self._mismatched: list[str] = []
        self._log = logging.getLogger(f"gateway.analyser.{device}")

    def deliver(self, batch: Sequence[Sample]) -> None:
        """Publish one batch; never suspends."""
        error = batch[0].error
        if error is None:
            update = self._projector.project(batch)
            self._good_ns = batch[0].monotonic_ns
            self.batch = batch
            if self.state is not State.GOOD:
                self._transition(State.GOOD, Stamp.from_utc(batch[0].received_at, batch[0].monotonic_ns), "")
            self._hub.publish(update)
            self._report_units(update)
            return
        self.fail(error, Stamp.from_utc(batch[0].received_at, batch[0].monotonic_ns))

    def fail(self, error: BaseException, stamp: Stamp) -> None:
        """The analyser cannot be reached at this instant: lower the quality at once."""
        self.failures += 1
        self.failure = Failure(str(error), stamp)
        lost = stamp.monotonic_ns - self._good_ns >= HARD_LIMIT * self._stale_ns
        state = State.COMMUNICATION_LOST if lost else State.COMMUNICATION_INTERRUPTED
        if state is State.COMMUNICATION_LOST or self.state is not State.COMMUNICATION_LOST:
            self._degrade(state, stamp, str(error))

    def reject(self, reason: str) -> None:
        """Note something unusable that must not touch the values: they age instead."""
        self.failures += 1
        self.failure = Failure(reason, self._clock.stamp())
        if self.failures == 1:
            self._log.warning("%s: %s", self._device, reason)

    async def watch(self) -> None:
        """Lower the quality when time passes without anything fresh; runs until cancelled."""
        self._good_ns = self._clock.monotonic_ns()
        while True:
            good_ns = self._good_ns
            await self._clock.sleep_until(good_ns + self._stale_ns)
            if self._good_ns != good_ns:
                continue
            if self.state in (State.WAITING, State.GOOD):
                self._degrade(State.STALE, self._clock.stamp(), f"nothing fresh for {self._stale_ns / 1e9:g} s")
            # A batch may come and be the last at any moment, so no sleep is longer than the stale time.
            for multiple in range(2, HARD_LIMIT + 1):
                await self._clock.sleep_until(good_ns + multiple * self._stale_ns)
                if self._good_ns != good_ns:
                    break
            else:
                if self.state is not State.COMMUNICATION_LOST:
                    reason = f"nothing fresh for {HARD_LIMIT * self._stale_ns / 1e9:g} s"
                    self._degrade(State.COMMUNICATION_LOST, self._clock.stamp(), reason)
            while self._good_ns == good_ns:
                await self._clock.sleep_until(self._clock.monotonic_ns() + self._stale_ns)

    def stop(self, stamp: Stamp) -> None:
        """Show that the gateway is stopping."""
        self._hub.publish(self._projector.degrade(State.STOPPED, stamp))

    def reason(self, index: int) -> Reason:
        """Why a point of the acquired group is in its state.

        Args:
            index: Place of the point in its group.
        """
        if self.state is State.GOOD and self.batch is not None:
            return self._projector.reason(index, self.batch)
        return Reason(self._reason)

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
        if state is not self.state:
            self._transition(state, stamp, reason)
        self._hub.publish(self._projector.degrade(state, stamp))

    def _transition(self, state: State, stamp: Stamp, reason: str) -> None:
        if state is State.GOOD:
            if self.state is State.WAITING:
                self._log.info("%s: first values", self._device)
            else:
                failures = f" after {self.failures} failed reads" if self.failures else ""
                self._log.warning("%s: back%s", self._device, failures)
            self.failures = 0
        else:
            self._log.warning("%s: %s: %s", self._device, state.value, reason)
        self.state, self.since, self._reason = state, stamp, reason
