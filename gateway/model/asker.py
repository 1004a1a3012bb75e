"""Who writes: what the socket knows, and what the client claims."""

from __future__ import annotations

from dataclasses import dataclass

LONGEST_USER = 64
"""Characters kept of a user name."""


@dataclass(frozen=True, slots=True)
class Asker:
    """One who writes to command PVs. Two connections of one user on one host are the same asker.

    Attributes:
        host: Address of the peer's socket.
        user: User name that the client claims, empty if it claims none.
    """

    host: str
    user: str


def claimed_user(name: str) -> str:
    """User name as a client gives it, fit to be shown and compared.

    Whatever cannot be printed becomes `?`, and what is too long ends in an ellipsis: a doctored name never turns into
    that of somebody else.
    """
    if len(name) > LONGEST_USER:
        name = name[: LONGEST_USER - 1] + "\N{HORIZONTAL ELLIPSIS}"
    return "".join(character if character.isprintable() else "?" for character in name)
