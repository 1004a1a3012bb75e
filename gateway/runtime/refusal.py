"""Why a request goes no further."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request goes no further.

    Attributes:
        what: What the client is told.
        hint: What can be done about it.
        reason: What only the audit log says, so that nobody learns names and addresses by trying; else empty.
    """

    what: str
    hint: str = ""
    reason: str = ""
