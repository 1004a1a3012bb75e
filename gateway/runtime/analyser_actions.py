"""The actions of one analyser: one at a time, carried to their end, and what earlier ones have left behind."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

import anyio

from gateway.errors import ActionNotNowError, ActionRefusedError, GatewayError
from gateway.model.actions import ActionRequest
from gateway.model.points import DeviceSpec
from gateway.model.quality import State
from gateway.model.stamp import Clock, Stamp
from gateway.model.update import Update
from gateway.ports import ActionExecutor
from gateway.runtime.action_gates import ActionGates
from gateway.runtime.action_points import ActionPoints
from gateway.runtime.audit_entry import AuditEntry, Outcome, asked_text
from gateway.runtime.audit_log import AuditLog
from gateway.runtime.hub import Hub
from gateway.runtime.refusal import Refusal

LONGEST_S = 30.0
"""Bound of one action, far beyond what the retries of a usual bus need; its driver still tidies up after it."""


@dataclass(slots=True, eq=False)
class _Job:
    number: int
    request: ActionRequest
    asked_ns: int
    ended: anyio.Event = field(default_factory=anyio.Event)
    result: str = ""
    error: GatewayError | None = None


class AnalyserActions:
    """Takes requests for one analyser and carries them out in a task of its own, `run`.

    A client that goes away, or a gateway that stops, never leaves an action half done: once begun it is carried to its
    end, in bounded time. Leftovers are looked for when the analyser is first reachable and whenever it has come back,
    and after an action that went wrong; they are reported, never cleared unasked.

    Args:
        device: The analyser; it has an `Action` group.
        gates: What has to be passed first.
        executor: Who carries actions out.
        hub: Where the progress is published.
        audit: Where requests are listed.
        clock: Time.

    Raises:
        ValueError: The analyser has no `Action` group, because nothing is open on it.
    """

    def __init__(
        self,
        device: DeviceSpec,
        gates: ActionGates,
        executor: ActionExecutor,
        hub: Hub,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        group = device.group("Action")
        if group is None:
            raise ValueError(f"{device.name} has no open actions")
        self.name = device.name
        self.acquired = device.groups[0].index
        self._communication = [point.path for point in device.groups[0].points].index(("Status", "Communication"))
        self._gates = gates
        self._executor = executor
        self._points = ActionPoints(group)
        self._hub = hub
        self._audit = audit
        self._clock = clock
        self._serving = False
        self._reachable = False
        self._look = False
        self._job: _Job | None = None
        self._news = anyio.Event()
        self._leftovers: tuple[str, ...] = ()
        self._unreadable = False
        self._log = logging.getLogger(f"gateway.analyser.{device.name}")

    def hear(self, update: Update) -> None:
        """Take an Update of the acquired points: it says whether the analyser can be reached. Never suspends."""
        reachable = update.values[self._communication] == State.GOOD.value
        if reachable is not self._reachable:
            self._reachable = self._look = reachable
            self._news.set()

    async def invoke(self, number: int, request: ActionRequest) -> str:
        """Pass the gates and wait for the end of the action; returns what became of it.

        Raises:
            ActionRefusedError: A gate is closed.
            GatewayError: The action failed.
        """
        asked_ns = self._clock.monotonic_ns()
        if (refusal := self._gates.refusal(request)) is not None:
            raise self._refuse(number, request, refusal, ActionRefusedError)
        if (hindrance := self._hindrance()) is not None:
            raise self._refuse(number, request, hindrance, ActionNotNowError)
        job = self._job = _Job(number, request, asked_ns)
        self._news.set()
        await job.ended.wait()
        if job.error is not None:
            raise job.error
        return job.result

    async def run(self) -> None:
        """Carry out what is asked until cancelled; an action under way is finished first."""
        self._hub.publish(self._points.start(self._clock.stamp()))
        self._serving = True
        try:
            while True:
                await self._news.wait()
                self._news = anyio.Event()
                if self._job is not None:
                    with anyio.CancelScope(shield=True):
                        await self._carry_out(self._job)
                if self._look:
                    await self._look_for_leftovers()
                elif not self._reachable:
                    self._hub.publish(self._points.leftovers_unsure(self._clock.stamp()))
        finally:
            self._serving = False
            if self._job is not None:
                self._end(self._job, Outcome.REFUSED, ActionNotNowError("the gateway is stopping", where=self.name))

    def stop(self, stamp: Stamp) -> Update:
        """The last word to clients."""
        return self._points.stop(stamp)

    def _hindrance(self) -> Refusal | None:
        if not self._serving:
            return Refusal("the gateway is starting or stopping", "ask again later")
        if not self._reachable:
            return Refusal("the analyser does not answer at present", "Status/Communication says why")
        if self._job is not None:
            return Refusal(f"busy with {asked_text(self._job.request)}", "ask again when Action/State shows its end")
        return None

    def _refuse(
        self, number: int, request: ActionRequest, refusal: Refusal, kind: type[ActionRefusedError]
    ) -> ActionRefusedError:
        error = kind(refusal.what, where=self.name, hint=refusal.hint)
        stamp = self._clock.stamp()
        busy = self._job is not None
        self._hub.publish(
            self._points.counted(stamp, done=False)
            if busy
            else self._points.ended(stamp, Outcome.REFUSED.value, asked_text(request), refusal.what, done=False)
        )
        said = f"{refusal.what}: {refusal.reason}" if refusal.reason else refusal.what
        self._audit.record(AuditEntry(number, stamp, request, Outcome.REFUSED, said))
        return error

    async def _carry_out(self, job: _Job) -> None:
        request, asked = job.request, asked_text(job.request)
        if not await self._audit.begin(AuditEntry(job.number, self._clock.stamp(), request, Outcome.BEGUN)):
            what = "the audit file cannot be written, and nothing is done without a trace"
            refusal = ActionRefusedError(what, where=self.name, hint="the log of the gateway says why")
            self._end(job, Outcome.REFUSED, refusal)
            return
        self._hub.publish(self._points.running(self._clock.stamp(), asked))
        error: GatewayError | None = GatewayError(f"not finished within {LONGEST_S:g} s", where=self.name)
        with anyio.move_on_after(LONGEST_S):
            try:
                job.result = await self._executor.perform(request.action, request.arguments)
                error = None
            except GatewayError as failure:
                error = failure
            except Exception as fault:  # noqa: BLE001  whatever it is, the analyser goes on being polled
                self._log.exception("%s: fault of the driver", self.name)
                error = GatewayError(f"fault of the driver: {fault!r}", where=self.name, hint="report it")
        if error is None:
            self._end(job, Outcome.DONE, None)
            self._look = self._look or bool(self._leftovers)
            return
        self._end(job, Outcome.REFUSED if isinstance(error, ActionRefusedError) else Outcome.FAILED, error)
        self._look = True

    def _end(self, job: _Job, outcome: Outcome, error: GatewayError | None) -> None:
        self._job = None
        job.error = error
        result = job.result if error is None else str(error).removeprefix(f"{self.name}: ")
        stamp = self._clock.stamp()
        asked, done = asked_text(job.request), outcome is Outcome.DONE
        self._hub.publish(self._points.ended(stamp, outcome.value, asked, result, done=done))
        duration_s = (stamp.monotonic_ns - job.asked_ns) / 1e9
        self._audit.record(AuditEntry(job.number, stamp, job.request, outcome, result, duration_s))
        job.ended.set()

    async def _look_for_leftovers(self) -> None:
        self._look = False
        try:
            found = tuple(await self._executor.leftovers())
        except Exception as error:  # noqa: BLE001  whatever it is, the analyser goes on being polled
            if not self._unreadable:
                self._log.warning("%s: leftovers of earlier commands cannot be read: %s", self.name, error)
            self._unreadable = True
            self._hub.publish(self._points.leftovers_unsure(self._clock.stamp()))
            return
        self._unreadable = False
        self._hub.publish(self._points.leftovers(self._clock.stamp(), found))
        if found and found != self._leftovers:
            hint = "a new command may go unnoticed until they are cleared"
            self._log.warning("%s: left over from earlier commands: %s; %s", self.name, ", ".join(found), hint)
        elif self._leftovers and not found:
            self._log.warning("%s: nothing is left over from earlier commands any more", self.name)
        self._leftovers = found
