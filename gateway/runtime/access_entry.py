"""One line of the audit log: who came, who went, who wrote, and who was turned away."""

from __future__ import annotations

import json
from dataclasses import dataclass

from gateway.model.access import Access, AccessRecord
from gateway.model.printable import printable
from gateway.model.stamp import Stamp
from gateway.runtime.audit_entry import quoted_name

_LONGEST_DETAIL = 400
_LONGEST_APPLICATION = 200
_USUAL = frozenset({Access.LOGIN, Access.LOGOUT, Access.PUT})
_LOGINS, _REFUSED, _PUTS, _REFUSED_PUTS = "logins", "refused logins and connections", "puts", "refused puts"
_FAMILY = {
    Access.LOGIN: _LOGINS,
    Access.LOGOUT: _LOGINS,
    Access.LOGIN_REFUSED: _REFUSED,
    Access.CONNECTION_REFUSED: _REFUSED,
    Access.PUT: _PUTS,
    Access.PUT_REFUSED: _REFUSED_PUTS,
}
FAMILIES = frozenset(_FAMILY.values())
"""What a flood can be of, in the plural; a flood of one hides nothing of the others."""


@dataclass(frozen=True, slots=True)
class AccessEntry:
    """One line.

    Attributes:
        stamp: When it happened.
        record: What happened.
        unlisted: Happenings of the same family since the last line that got none of their own.
    """

    stamp: Stamp
    record: AccessRecord
    unlisted: int = 0

    @property
    def is_usual(self) -> bool:
        """Whether it is what users do every day."""
        return self.record.what in _USUAL

    @property
    def family(self) -> str:
        """Which of `FAMILIES` it belongs to."""
        return _FAMILY[self.record.what]

    def json(self, lost: int = 0) -> str:
        """For the file; pure ASCII, without line ends.

        Args:
            lost: Lines before this one that could not be written.
        """
        record = self.record
        line: dict[str, object] = {
            "time": self.stamp.utc.isoformat(timespec="milliseconds"),
            "event": record.what.value,
            "protocol": printable(record.protocol),
            "host": printable(record.host),
            "user": printable(record.user),
            "application": printable(record.application, _LONGEST_APPLICATION),
            "detail": printable(record.detail, _LONGEST_DETAIL),
        }
        line |= {key: count for key, count in (("unlisted", self.unlisted), ("lost", lost)) if count}
        return json.dumps(line)

    def text(self) -> str:
        """For the log and for people."""
        record = self.record
        user = f"{quoted_name(record.user)} " if record.user else ""
        application = f" with {quoted_name(record.application)}" if record.application else ""
        after = f" (after {self.unlisted} more that are not listed)" if self.unlisted else ""
        where = f"over {quoted_name(record.protocol)} from {quoted_name(record.host)}{application}"
        return f"{record.what.value}: {user}{where}: {printable(record.detail, _LONGEST_DETAIL)}{after}"
