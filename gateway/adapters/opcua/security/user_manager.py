"""Who may log in: everybody as an anonymous reader, nobody by name.

asyncua's default manager makes any client that calls itself "admin" an administrator, whatever the password.
"""

from __future__ import annotations

from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.internal_server import InternalServer
from asyncua.server.user_managers import UserManager


class AnonymousReaders(UserManager):
    """Knows one user, the anonymous reader; there are no passwords, so none is right."""

    def get_user(
        self,
        iserver: InternalServer,  # noqa: ARG002  fixed by the base class
        username: str | None = None,
        password: str | None = None,
        certificate: object = None,  # noqa: ARG002  the channel's certificate names an application, not a user
    ) -> User | None:
        """The anonymous reader, or None for anybody who gives a name or a password."""
        if username is not None or password is not None:
            return None
        return User(role=UserRole.Anonymous, name="anonymous")
