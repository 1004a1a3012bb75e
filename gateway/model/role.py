"""What people may do, in three steps of which each includes the ones before it (OPC 10000-18 section 4.2)."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """Names are those of the standard's well-known Roles."""

    OBSERVER = "Observer"
    """Looks: browses, reads, subscribes and receives events."""

    OPERATOR = "Operator"
    """Acts as well: calls actions that are open to the user, and acknowledges alarms."""

    ENGINEER = "Engineer"
    """Looks behind as well: sessions of others, security diagnostics, audit events, configuration."""

    def includes(self, needed: Role) -> bool:
        """Whether somebody with this role may do what needs another."""
        return _ORDER.index(self) >= _ORDER.index(needed)


_ORDER = tuple(Role)
