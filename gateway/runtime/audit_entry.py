"""One line of the audit log: who asked for what, and what became of it."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from enum import StrEnum

from gateway.model.actions import ActionRequest
from gateway.model.printable import printable
from gateway.model.stamp import Stamp

_LONGEST_RESULT = 400
_MOST_ARGUMENTS = 8
_NAME = re.compile(r"[A-Za-z0-9_.:@%-]{1,64}")
_LARGEST = (1 << 63) - 1


class Outcome(StrEnum):
    """How far a request has come."""

    BEGUN = "begun"
    """All gates have passed; it is written before the first byte leaves, so that a crash leaves a trace."""

    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line.

    Attributes:
        number: Of the request, counted from the start of the gateway.
        stamp: When the outcome was known.
        request: What was asked, by whom.
        outcome: What became of it.
        result: The same in words.
        duration_s: From the request to the outcome.
        unlisted: Refused requests since the last line that got none of their own.
    """

    number: int
    stamp: Stamp
    request: ActionRequest
    outcome: Outcome
    result: str = ""
    duration_s: float = 0.0
    unlisted: int = 0

    def json(self, lost: int = 0) -> str:
        """For the file; pure ASCII, without line ends.

        Args:
            lost: Lines before this one that could not be written.
        """
        request, origin = self.request, self.request.origin
        line: dict[str, object] = {
            "time": self.stamp.utc.isoformat(timespec="milliseconds"),
            "request": self.number,
            "protocol": printable(origin.protocol),
            "host": printable(origin.host),
            "user": printable(origin.user),
            "proved": origin.proved,
            "analyser": printable(request.device),
            "action": printable(request.action),
            "arguments": [_shown(argument) for argument in request.arguments[:_MOST_ARGUMENTS]],
            "confirmed": request.confirmed,
            "outcome": self.outcome.value,
            "result": printable(self.result, _LONGEST_RESULT),
            "duration_s": round(self.duration_s, 3),
        }
        line |= {key: count for key, count in (("unlisted", self.unlisted), ("lost", lost)) if count}
        return json.dumps(line)

    def text(self) -> str:
        """For the log and for people."""
        after = f" (after {self.unlisted} refused requests that are not listed)" if self.unlisted else ""
        return (
            f"{quoted_name(self.request.device)}: {asked_text(self.request)}: {self.outcome.value} in"
            f" {self.duration_s:.2f} s: {printable(self.result, _LONGEST_RESULT)}{after}"
        )


def asked_text(request: ActionRequest) -> str:
    """`StartAutocalibration(1) by alice (proved) over opcua from 192.168.1.20`."""
    arguments = ", ".join(str(_shown(argument)) for argument in request.arguments[:_MOST_ARGUMENTS])
    origin = request.origin
    proved = "proved" if origin.proved else "claimed"
    asker = f"{quoted_name(origin.user)} ({proved}) over {quoted_name(origin.protocol)} from {quoted_name(origin.host)}"
    return f"{quoted_name(request.action)}({arguments}) by {asker}"


def quoted_name(text: str) -> str:
    """A name as it is, if it is one; anything else in quotes, so that it cannot pass for the words around it."""
    return text if _NAME.fullmatch(text) else json.dumps(printable(text), ensure_ascii=False)


def _shown(argument: object) -> int | float | str:
    """What a client gave, refused or not; Python itself will not write an integer of thousands of digits."""
    if isinstance(argument, memoryview):
        return f"{len(argument)} numbers"
    if isinstance(argument, float) and math.isfinite(argument):
        return argument
    return max(-_LARGEST, min(argument, _LARGEST)) if isinstance(argument, int) else printable(str(argument))
