"""Coming, going and writing of users, as a security officer wants to read of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Place:
    """Where a login comes from. Wrong passwords of one place slow down nobody at another.

    Attributes:
        host: Address of the peer's socket.
        application: Thumbprint of the certificate whose key the client application holds; empty if it has none.
    """

    host: str
    application: str = ""


class Access(StrEnum):
    """What happened."""

    LOGIN = "login"
    LOGIN_REFUSED = "login refused"
    LOGOUT = "logout"
    CONNECTION_REFUSED = "connection refused"
    PUT = "put"
    PUT_REFUSED = "put refused"


@dataclass(frozen=True, slots=True)
class AccessRecord:
    """One line of the audit log about somebody who comes, goes, writes or is turned away.

    Attributes:
        what: What happened.
        protocol: Name of the adapter.
        host: Address of the peer's socket.
        user: Name as given by the client; empty for none.
        application: What the client application says it is; empty if it has not.
        detail: The reason, the role or what was written, in words.
    """

    what: Access
    protocol: str
    host: str
    user: str = ""
    application: str = ""
    detail: str = ""
