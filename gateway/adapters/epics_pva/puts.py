"""Puts of clients on their way from the threads of the engine to the event loop, and their answers on the way back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import anyio
from anyio.from_thread import BlockingPortal
from p4p.server.raw import ServerOperation, SharedPV

from gateway.adapters.epics_pva.poster import Poster
from gateway.adapters.epics_pva.put_request import PutRequest, put_request
from gateway.model.access import Access, AccessRecord
from gateway.model.actions import ArgumentValue
from gateway.model.asker import Asker
from gateway.model.two_step_commands import CommandRefusedError

READ_ONLY = "this PV is read-only"
_NO_NUMBER = "no value was written that this PV can have"
_STOPPING = "the gateway is stopping"
_PROTOCOL = "epics_pva"

Job = Callable[[], Awaitable[None]]
"""What a put has set going; it raises `CommandRefusedError` if it comes to nothing."""

Take = Callable[[ArgumentValue, Asker], Job | None]
"""Takes a put on the event loop. Raises `CommandRefusedError`; returns None if nothing is left to do."""

Note = Callable[[AccessRecord], None]
"""Takes one line for the audit log; never suspends."""


class Puts:
    """Every put ends here: in a command, or refused; and in the audit log.

    Args:
        poster: Posts what a put has changed, and after that its answer, so that monitors tell of a put before it ends.
    """

    def __init__(self, poster: Poster) -> None:
        self._poster = poster
        self._portal: BlockingPortal | None = None
        self.note: Note = _forget
        """Where puts are listed."""

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Take puts for the length of a block; actions that still run then are cancelled with it."""
        async with BlockingPortal() as portal:
            self._portal = portal
            try:
                yield
            finally:
                self._portal = None

    def refuse(self, _pv: SharedPV, operation: ServerOperation | Any) -> None:  # noqa: ANN401  p4p wraps a put only
        """Refuse a put or a call of a PV that takes none; called by a thread of the engine."""
        operation.done(error=READ_ONLY)
        self._hand_over(self._note_refusal, put_request(operation))

    def take_by(self, take: Take, _pv: SharedPV, operation: ServerOperation) -> None:
        """Pass a put on to a command; called by a thread of the engine."""
        if not self._hand_over(self._carry_out, operation, put_request(operation), take):
            operation.done(error=_STOPPING)

    def _hand_over(self, work: Callable[..., Awaitable[None]], *arguments: object) -> bool:
        portal = self._portal
        if portal is None:
            return False
        try:
            portal.start_task_soon(work, *arguments)
        except RuntimeError:  # it has ended since
            return False
        return True

    async def _note_refusal(self, put: PutRequest) -> None:
        self._list(put, READ_ONLY)

    async def _carry_out(self, operation: ServerOperation, put: PutRequest, take: Take) -> None:
        refusal: str | None = None
        try:
            job = self._taken(put, take)
            if job is not None:
                await job()
        except CommandRefusedError as error:
            refusal = error.text
        except anyio.get_cancelled_exc_class():
            operation.done(error=_STOPPING)
            raise
        self._poster.then(partial(operation.done, error=refusal))

    def _taken(self, put: PutRequest, take: Take) -> Job | None:
        try:
            job = take(_number(put), put.asker)
        except CommandRefusedError as refusal:
            self._list(put, refusal.text)
            raise
        self._list(put)
        return job

    def _list(self, put: PutRequest, refusal: str = "") -> None:
        what = Access.PUT_REFUSED if refusal else Access.PUT
        detail = f"{put.pv} = {put.shown}{': ' if refusal else ''}{refusal}"
        self.note(AccessRecord(what, _PROTOCOL, put.asker.host, put.asker.user, "", detail))


def _number(put: PutRequest) -> ArgumentValue:
    if put.value is None:
        raise CommandRefusedError(_NO_NUMBER)
    return put.value


def _forget(_record: AccessRecord) -> None:
    """Without a desk there is no audit log."""
