"""What is counted and remembered of one session for its diagnostics (OPC 10000-5 section 12.11)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice

from asyncua import ua
from asyncua.ua.status_codes import StatusCodes

_LONGEST = 256
"""Characters kept of what a client says about itself."""

_MOST_USERS, _MOST_LOCALES = 10, 10


@dataclass(slots=True)
class ServiceCount:
    """Requests of one service.

    Attributes:
        total: All of them.
        errors: Those refused as a whole.
    """

    total: int = 0
    errors: int = 0


@dataclass(slots=True)
class SessionFacts:
    """One session.

    Attributes:
        name: What the client calls it.
        client: What the client says it is.
        server_uri: ServerUri that the client has asked for.
        endpoint_url: EndpointUrl that the client has used.
        longest_response: MaxResponseMessageSize.
        since: When it was created.
        last_contact: When its last request came.
        locales: Languages that the client wants.
        users: ClientUserIds that it has had, the newest last.
        counts: By the name of the service.
        unauthorised: Requests refused for want of rights.
    """

    name: str = ""
    client: ua.ApplicationDescription = field(default_factory=ua.ApplicationDescription)
    server_uri: str = ""
    endpoint_url: str = ""
    longest_response: int = 0
    since: datetime = field(default_factory=lambda: datetime.now(UTC))
    last_contact: datetime = field(default_factory=lambda: datetime.now(UTC))
    locales: list[str] = field(default_factory=list)
    users: list[str] = field(default_factory=list)
    counts: dict[str, ServiceCount] = field(default_factory=dict)
    unauthorised: int = 0

    def created(self, params: ua.CreateSessionParameters) -> None:
        """Remember how the session was asked for."""
        self.name = (params.SessionName or "")[:_LONGEST]
        self.server_uri = (params.ServerUri or "")[:_LONGEST]
        self.endpoint_url = (params.EndpointUrl or "")[:_LONGEST]
        self.longest_response = params.MaxResponseMessageSize
        said = params.ClientDescription
        self.client = ua.ApplicationDescription(
            ApplicationUri=(said.ApplicationUri or "")[:_LONGEST],
            ProductUri=(said.ProductUri or "")[:_LONGEST],
            ApplicationName=ua.LocalizedText((said.ApplicationName.Text or "")[:_LONGEST]),
            ApplicationType=said.ApplicationType,
        )

    def belongs_to(self, user: str, locales: Iterable[str] | None) -> None:
        """Remember a user, empty for an anonymous one, and the languages that the client wants."""
        self.locales = [one[:_LONGEST] for one in islice(locales or (), _MOST_LOCALES)]
        if not self.users or self.users[-1] != user:
            self.users = [*self.users[1 - _MOST_USERS :], user]

    def count(self, service: str) -> ServiceCount:
        """Count one request."""
        count = self.counts.get(service)
        if count is None:
            count = self.counts[service] = ServiceCount()
        count.total += 1
        return count

    def fail(self, service: str, status: int) -> None:
        """Count one request that is refused as a whole."""
        self.count(service).errors += 1
        self.unauthorised += status == StatusCodes.BadUserAccessDenied
