"""The recorder's side of a PollSource: polling, outages, attempts to reconnect, and closing what was replaced."""

from __future__ import annotations

import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from anyio import CancelScope, move_on_after
from anyio.abc import TaskGroup

from gateway.errors import DeviceTimeoutError, LinkError
from gateway.model.sample import Sample
from gateway.model.stamp import Clock
from gateway.ports import PollSource
from gateway.streaming.arguments import at_least_one
from gateway.streaming.backoff import BackOff
from gateway.streaming.failure import ACQUISITION_ERRORS, consists_of, ungroup
from gateway.streaming.summary import AcquisitionSummary

_logger = logging.getLogger("gateway.streaming")

CLOSE_GRACE_S = 5.0
"""Longest wait for a replaced source to close, in real seconds."""


@dataclass(frozen=True, slots=True)
class ReconnectPolicy:
    """What is done about a lost link.

    Attributes:
        enabled: Without it a lost link ends the recording.
        factory: Builds a replacement; None polls the same source again, which then reopens itself.
        errors: Error types that mean the link is lost.
        max_attempts: Attempts per outage before its error ends the recording; None for no limit.
        uniform: Random numbers from 0 to 1 for the jitter.

    Raises:
        ValueError: `max_attempts` is no whole number of at least 1.
    """

    enabled: bool = False
    factory: Callable[[], Awaitable[PollSource]] | None = None
    errors: tuple[type[Exception], ...] = (LinkError,)
    max_attempts: int | None = None
    uniform: Callable[[], float] = random.random

    def __post_init__(self) -> None:
        if self.max_attempts is not None:
            at_least_one("max_attempts", self.max_attempts)


class SourceLink:
    """One source, or the succession of sources that a factory builds.

    During an outage the schedule runs on. Attempts begin at slots, once the back-off has passed. A factory works in a
    task beside the schedule: a slot that starts an attempt waits for it no longer than its own period, later slots not
    at all. Only a successful poll ends an outage and resets the back-off.
    """

    def __init__(
        self,
        source: PollSource,
        policy: ReconnectPolicy,
        clock: Clock,
        summary: AcquisitionSummary,
        *,
        names: Sequence[str] | None,
        timeout: float | None,
    ) -> None:
        self.source = source
        self._policy = policy
        self._clock = clock
        self._summary = summary
        self._names = names
        self._timeout = timeout
        self._back_off = BackOff(policy.uniform)
        self._down: Exception | None = None
        self._attempts = 0
        self._next_attempt_ns = 0
        self._open = True
        self._built = False
        self._untried = False
        self._building = False
        self._waiting: CancelScope | None = None
        self._fatal: Exception | None = None

    async def poll(self, slot_end_ns: int, tasks: TaskGroup) -> Sequence[Sample] | Exception:
        """The batch of one slot, or why there is none.

        Args:
            slot_end_ns: When the next slot is due.
            tasks: Where a factory may run beyond this slot.

        Raises:
            Exception: What ends the recording: a program's fault, a lost link without the policy to reconnect, or one
                attempt too many.
        """
        if self._down is not None and not await self._attempt(slot_end_ns, tasks):
            return self._down
        started_ns = self._clock.monotonic_ns()
        try:
            batch = await self.source.poll_samples(names=self._names, timeout=self._timeout)
        except Exception as raised:  # noqa: BLE001 - `_failed` raises all that is no acquisition error
            error = ungroup(raised)
        else:
            if not batch:
                return self._failed(DeviceTimeoutError("no analyser of the source answered"))
            self._answered(batch, self._clock.monotonic_ns() - started_ns)
            return batch
        try:
            return self._failed(error)
        finally:
            del error  # its traceback holds this frame: without this, every failed poll leaves a reference cycle

    def raise_fatal(self) -> None:
        """Raise what a factory's task found to end the recording."""
        if self._fatal is not None:
            raise self._fatal

    async def aclose(self) -> None:
        """Close a source that the factory built; the caller's own source is left to the caller."""
        if self._built:
            with move_on_after(CLOSE_GRACE_S, shield=True):
                await self._close()

    async def _attempt(self, slot_end_ns: int, tasks: TaskGroup) -> bool:
        """Whether this slot may poll."""
        if not self._building and not self._untried:
            if self._clock.monotonic_ns() < self._next_attempt_ns:
                return False
            self._attempts += 1
            self._summary.reconnect_attempts += 1
            if self._policy.factory is None:
                return True
            self._building = True
            tasks.start_soon(self._build, self._policy.factory)
            with CancelScope() as self._waiting:
                await self._clock.sleep_until(slot_end_ns)
            self._waiting = None
        self.raise_fatal()
        ready, self._untried = self._untried, False
        return ready

    async def _build(self, factory: Callable[[], Awaitable[PollSource]]) -> None:
        try:
            # A serial port or a server with one connection admits the successor only after this.
            with move_on_after(CLOSE_GRACE_S):
                await self._close()
            self.source = await factory()
            self._open = self._built = self._untried = True
        except Exception as raised:  # noqa: BLE001 - kept and raised by the recorder's own task, un-grouped
            error = ungroup(raised)
            survivable = self._loses_link(error) or consists_of(error, ACQUISITION_ERRORS)
            if not survivable or self._exhausted():
                self._fatal = error
            else:
                self._schedule_attempt(error)
        finally:
            self._building = False
            if self._waiting is not None:
                self._waiting.cancel()

    async def _close(self) -> None:
        aclose = getattr(self.source, "aclose", None)
        if not self._open or aclose is None:
            return
        self._open = False
        try:
            await aclose()
        except Exception:
            _logger.warning("a replaced source did not close cleanly", exc_info=True)

    def _answered(self, batch: Sequence[Sample], duration_ns: int) -> None:
        failures: list[BaseException] = []
        for sample in batch:
            if sample.error is None:
                self._summary.poll_ns.add(duration_ns)
                if self._down is not None:
                    self._recovered()
                return
            failures.append(sample.error)
        lost = self._policy.enabled and all(map(self._loses_link, failures))
        if lost:
            self._summary.disconnects += 1
        if self._down is not None or lost:
            first = failures[0]
            self._lost(first if isinstance(first, Exception) else LinkError(str(first)))

    def _failed(self, error: Exception) -> Exception:
        lost = self._loses_link(error)
        survivable = self._policy.enabled if lost else consists_of(error, ACQUISITION_ERRORS)
        if not survivable:
            raise error
        if lost:
            self._summary.disconnects += 1
        if self._down is not None or lost:
            self._lost(error)
        return error

    def _loses_link(self, error: BaseException) -> bool:
        return consists_of(error, self._policy.errors)

    def _lost(self, error: Exception) -> None:
        if self._down is None:
            self._summary.outages += 1
            self._attempts = 0
            _logger.warning("link lost: %s", error)
        elif self._exhausted():
            raise error
        self._schedule_attempt(error)

    def _exhausted(self) -> bool:
        limit = self._policy.max_attempts
        return limit is not None and self._attempts >= limit

    def _schedule_attempt(self, error: Exception) -> None:
        self._down = error
        self._next_attempt_ns = self._clock.monotonic_ns() + self._back_off.next_ns()

    def _recovered(self) -> None:
        self._down = None
        self._back_off.reset()
        self._summary.reconnects += 1
        _logger.warning("link restored after %d attempts", self._attempts)
