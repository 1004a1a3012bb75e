"""The desk at which adapters ask for actions on behalf of their clients."""

from __future__ import annotations

from itertools import count

from gateway.errors import ActionRefusedError
from gateway.model.access import AccessRecord
from gateway.model.actions import ActionRequest
from gateway.model.stamp import Clock
from gateway.model.update import Update
from gateway.runtime.access_entry import AccessEntry
from gateway.runtime.analyser_actions import AnalyserActions
from gateway.runtime.audit_entry import AuditEntry, Outcome
from gateway.runtime.audit_log import AuditLog
from gateway.runtime.users import Users


class OperatorDesk:
    """One for all adapters and analysers; a `ports.ActionDesk` and a `hub.Subscriber`.

    Args:
        users: Who may ask.
        audit: Where requests are listed.
        clock: Time.
    """

    def __init__(self, users: Users, audit: AuditLog, clock: Clock) -> None:
        self.users = users
        self._audit = audit
        self._clock = clock
        self._analysers: dict[str, AnalyserActions] = {}
        self._by_group: dict[int, AnalyserActions] = {}
        self._numbers = count(1)

    def take_charge(self, actions: AnalyserActions) -> None:
        """Pass requests for one analyser on to its actions."""
        self._analysers[actions.name] = actions
        self._by_group[actions.acquired] = actions

    def apply(self, update: Update) -> None:
        """Let the analysers hear whether they can be reached. Never suspends."""
        actions = self._by_group.get(update.group)
        if actions is not None:
            actions.hear(update)

    def note(self, record: AccessRecord) -> None:
        """See `ports.ActionDesk.note`."""
        self._audit.note(AccessEntry(self._clock.stamp(), record))

    async def invoke(self, request: ActionRequest) -> str:
        """See `ports.ActionDesk.invoke`."""
        number = next(self._numbers)
        actions = self._analysers.get(request.device)
        if actions is not None:
            return await actions.invoke(number, request)
        what = "no action is open on this analyser"
        self._audit.record(AuditEntry(number, self._clock.stamp(), request, Outcome.REFUSED, what))
        raise ActionRefusedError(what, hint="`actions` of the analyser in the settings opens them")
