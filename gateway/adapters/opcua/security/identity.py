"""Who a session belongs to."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.model.role import Role

__all__ = ["ANONYMOUS", "ClientIdentity", "Role"]


@dataclass(frozen=True, slots=True)
class ClientIdentity:
    """The user of an activated session.

    Attributes:
        user: Proved by a password or a certificate; None for an anonymous reader.
        role: What the user may do.
        certificate: The user's own certificate (DER) where it was the proof; else empty.
    """

    user: str | None
    role: Role
    certificate: bytes = field(default=b"", repr=False)

    def is_same_user(self, other: ClientIdentity) -> bool:
        """Whether this is the same user by the same proof, whatever the role is by now."""
        return (self.user, self.certificate) == (other.user, other.certificate)


ANONYMOUS = ClientIdentity(None, Role.OBSERVER)
"""Somebody without a name."""
