"""Requests for actions, logins and puts, carried out or refused: a line each in the log, and in a file if any."""

from __future__ import annotations

import logging
from collections import Counter, deque
from dataclasses import dataclass, field, replace

import anyio
import anyio.to_thread
from anyio.abc import TaskStatus

from gateway.model.line_budget import LineBudget
from gateway.model.stamp import Clock
from gateway.runtime.access_entry import FAMILIES, AccessEntry
from gateway.runtime.audit_entry import AuditEntry, Outcome
from gateway.runtime.audit_file import AuditFile

REFUSALS_AT_ONCE = 60
REFUSALS_PER_S = 1.0
"""Anybody on the network can be refused any number of times; what is beyond this is counted, not listed."""

WRITTEN_WITHIN_S = 3.0
_MOST_WAITING = 256
_LOG = logging.getLogger("gateway.audit")


@dataclass(slots=True)
class _Line:
    entry: AuditEntry | AccessEntry
    settled: anyio.Event = field(default_factory=anyio.Event)
    written: bool = False


class AuditLog:
    """Lists requests for actions, and who comes and goes; a flood of refusals hides no login.

    The file is written by `run`, in a thread, so that a slow disk holds up nobody. What cannot be written is counted
    and said once, and the number of lost lines is in the next line that can be written.

    Args:
        file: Where lines are kept; None for the log alone.
        clock: Time.
    """

    def __init__(self, file: AuditFile | None, clock: Clock) -> None:
        self._file = file
        self._budget = LineBudget(REFUSALS_AT_ONCE, REFUSALS_PER_S, clock)
        self._waiting: deque[_Line] = deque()
        self._news = anyio.Event()
        self._thread = anyio.CapacityLimiter(1)
        self._access_budgets = {family: LineBudget(REFUSALS_AT_ONCE, REFUSALS_PER_S, clock) for family in FAMILIES}
        self._unlisted = 0
        self._unlisted_access: Counter[str] = Counter()
        self._lost = 0

    def record(self, entry: AuditEntry) -> None:
        """List what became of a request; never suspends."""
        if entry.outcome is Outcome.REFUSED and not self._budget.take():
            if not self._unlisted:
                _LOG.warning("too many refused requests; the next ones are counted, not listed")
            self._unlisted += 1
            return
        entry, self._unlisted = replace(entry, unlisted=self._unlisted), 0
        _LOG.log(logging.INFO if entry.outcome is Outcome.DONE else logging.WARNING, "%s", entry.text())
        self._queue(entry)

    def note(self, entry: AccessEntry) -> None:
        """List that somebody came, went, wrote or was turned away; never suspends."""
        family = entry.family
        if not self._access_budgets[family].take():
            if not self._unlisted_access[family]:
                _LOG.warning("too many %s; the next ones are counted, not listed", family)
            self._unlisted_access[family] += 1
            return
        entry = replace(entry, unlisted=self._unlisted_access.pop(family, 0))
        _LOG.log(logging.INFO if entry.is_usual else logging.WARNING, "%s", entry.text())
        self._queue(entry)

    async def begin(self, entry: AuditEntry) -> bool:
        """Write down that an action is about to be carried out; False if that cannot be done, so that it must not be.

        Without a file there is nothing to write before the outcome is known.
        """
        if self._file is None:
            return True
        line = self._queue(entry)
        with anyio.move_on_after(WRITTEN_WITHIN_S):
            await line.settled.wait()
        return line.written

    async def run(self, *, task_status: TaskStatus[None]) -> None:
        """Write lines until cancelled, and then those that are left, in bounded time."""
        task_status.started()
        if self._file is None:
            return
        try:
            while True:
                await self._news.wait()
                self._news = anyio.Event()
                await self._write(self._file)
        finally:
            await self._write(self._file)

    def _queue(self, entry: AuditEntry | AccessEntry) -> _Line:
        line = _Line(entry)
        if self._file is None:
            return line
        if len(self._waiting) >= _MOST_WAITING:
            self._lost += 1
            line.settled.set()
            return line
        self._waiting.append(line)
        self._news.set()
        return line

    async def _write(self, file: AuditFile) -> None:
        while self._waiting:
            lines = list(self._waiting)
            self._waiting.clear()
            texts = [line.entry.json(lost=0 if index else self._lost) for index, line in enumerate(lines)]
            problem = await self._append(file, "".join(f"{text}\n" for text in texts).encode())
            if problem and not self._lost:
                what = "actions are refused until it can; free its disk, or correct its permissions"
                _LOG.error("%s cannot be written: %s; %s", file.path, problem, what)
            elif self._lost and not problem:
                _LOG.warning("%s can be written again, after %d lost lines", file.path, self._lost)
            self._lost = self._lost + len(lines) if problem else 0
            for line in lines:
                line.written = not problem
                line.settled.set()

    async def _append(self, file: AuditFile, data: bytes) -> str:
        """Append in the one thread for it; returns what went wrong. A gateway that stops waits for it, for a while."""
        with anyio.move_on_after(WRITTEN_WITHIN_S, shield=True):
            try:
                await anyio.to_thread.run_sync(file.append, data, abandon_on_cancel=True, limiter=self._thread)
            except OSError as error:
                return str(error.strerror)
            return ""
        return f"not done within {WRITTEN_WITHIN_S:g} s"
