"""Runs every check in its time, and keeps what has been found when it is stopped."""

from __future__ import annotations

from collections.abc import Sequence

import anyio

from gateway.selftest.finding import Section, failed, skipped
from gateway.selftest.subject import Subject
from gateway.selftest.table import CHECKS, Check

_CHECK_S = 120.0
"""Longest time of a check that talks to no wire; those that do are bounded by the patience per analyser."""


class SelfTest:
    """One run of all checks.

    Args:
        subject: What is tested.
        checks: Title and check, in order.

    Attributes:
        sections: What has been found so far; complete after `run`, also when that was cancelled.
    """

    def __init__(self, subject: Subject, checks: Sequence[tuple[str, Check]] = CHECKS) -> None:
        self.sections: list[Section] = []
        self._subject = subject
        self._checks = checks

    async def run(self) -> None:
        """Run the checks one after the other."""
        for number, (title, check) in enumerate(self._checks, start=1):
            self._subject.progress(f"[{number}/{len(self._checks)}] {title}")
            self.sections.append(Section(title, (skipped("stopped before it was done", "run it again"),)))
            findings = [failed("no result in time", "report it")]
            with anyio.move_on_after(self._limit_s):
                findings = list(await check(self._subject))
            self.sections[-1] = Section(title, tuple(findings))

    @property
    def _limit_s(self) -> float:
        """A bus is visited analyser by analyser; when nobody answers, it is listened to and asked once more."""
        crowd = max((len(bus.analysers) for bus in self._subject.buses), default=0)
        return _CHECK_S + (crowd + 2) * self._subject.patience_s
