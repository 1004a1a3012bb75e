"""Users of the users file: who may log in, how it is proved, and what they may do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from gateway.model.password_hash import PasswordHash
from gateway.model.role import Role

NAME_PATTERN = r"[A-Za-z0-9_][A-Za-z0-9_.@-]*"
"""Names of users and operators; the `:` of a role entry can be in none."""

LONGEST_NAME = 64

_ROLE_PREFIX = "role:"


@dataclass(frozen=True, slots=True)
class User:
    """One user.

    Attributes:
        role: What the user may do.
        password: Proves the name; None for somebody who logs in by certificate alone.
        certificates: SHA-256 thumbprints of the user's certificates, in lower-case hexadecimal.
        disabled: Whether the user may not log in for the time being.
    """

    role: Role
    password: PasswordHash | None = None
    certificates: tuple[str, ...] = ()
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class KnownUser:
    """Somebody who has proved to be a user.

    Attributes:
        name: Of the user.
        role: What the user may do.
        proof: What it was proved by, as the user directory knows it; another one after the password has changed.
    """

    name: str
    role: Role
    proof: str = field(default="", repr=False)


def role_entry(role: Role) -> str:
    """How a role is named where users are listed: `role:Operator`."""
    return f"{_ROLE_PREFIX}{role}"


ROLE_ENTRIES = {role_entry(role): role for role in (Role.OPERATOR, Role.ENGINEER)}
"""What can open an action to everybody with a role. Observers only look, so there is no entry for them."""


def is_role_entry(entry: str) -> bool:
    """Whether an entry of a list of users means to be a role."""
    return entry.startswith(_ROLE_PREFIX)


def is_listed(name: str, role: Role, entries: Iterable[str]) -> bool:
    """Whether a list of users and roles names this user, or a role that the user's includes."""
    return any(entry == name or (entry in ROLE_ENTRIES and role.includes(ROLE_ENTRIES[entry])) for entry in entries)
