"""Doors for the wishes of clients: who they are, and what they want an analyser to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from gateway.model.access import AccessRecord, Place
from gateway.model.actions import ActionRequest
from gateway.model.role import Role
from gateway.model.user import KnownUser


class UserDirectory(Protocol):
    """Who may log in, and what they may do. It is the same for all adapters and may change while they serve."""

    @property
    def can_log_in(self) -> bool:
        """Whether anybody could ever log in by name; without, an adapter need not offer it."""
        ...

    async def by_password(self, name: str, read_password: Callable[[], str], place: Place) -> KnownUser:
        """Who a password proves. Guessing is slowed down, and nobody learns from the time whether a name exists.

        Args:
            name: As the client gives it.
            read_password: Returns the password, and raises what it likes; called in a worker thread.
            place: Where the client is.

        Raises:
            LoginRefusedError: It is wrong, or was not looked at because of wrong ones before; `LoginBusyError` when
                too many others are waiting.
        """
        ...

    async def by_certificate(self, thumbprint: str) -> KnownUser:
        """Whose certificate this is. That the client holds its key, and that it is trusted, is for the adapter to see.

        Args:
            thumbprint: SHA-256 in lower-case hexadecimal.

        Raises:
            LoginRefusedError: It belongs to nobody who may log in.
        """
        ...

    def is_current(self, user: KnownUser) -> bool:
        """Whether somebody who has logged in could do so again now, by the same proof and with the same role."""
        ...

    def members(self, role: Role) -> Sequence[str]:
        """Names of those who have exactly this role at present."""
        ...

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call the listener whenever something has changed; returns what ends it."""
        ...


class ActionDesk(Protocol):
    """Where an adapter takes the wishes of its clients. It checks, carries out and writes the audit log."""

    @property
    def users(self) -> UserDirectory:
        """Who may log in."""
        ...

    def note(self, record: AccessRecord) -> None:
        """List in the audit log who came, went, wrote or was turned away. Never suspends; floods are bounded."""
        ...

    async def invoke(self, request: ActionRequest) -> str:
        """Carry out one action; returns what became of it, in words.

        Raises:
            ActionNotNowError: It would be allowed, but not at this moment. Nothing was sent.
            ActionRefusedError: It is not open, not confirmed, not authorised, or its arguments are out of range.
                Nothing was sent.
            GatewayError: The analyser refused it or could not be reached.
        """
        ...


@runtime_checkable
class OffersActions(Protocol):
    """An adapter whose clients can ask for actions. `offer` is called once, before `serve`."""

    def offer(self, desk: ActionDesk) -> None:
        """Take the desk; `DeviceSpec.actions` says what is open."""
        ...
