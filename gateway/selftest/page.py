"""The findings as one page."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from datetime import datetime

from gateway.selftest.finding import Finding, Outcome, Section

_WIDTH = 110
_LABELS = {Outcome.PASS: "pass", Outcome.WARN: "WARN", Outcome.FAIL: "FAIL", Outcome.SKIPPED: "skipped"}
_SUMMARY = {
    Outcome.PASS: "passed",
    Outcome.WARN: "to look at",
    Outcome.FAIL: "failed",
    Outcome.SKIPPED: "skipped",
}
_TEXT_COLUMN = 11


def count(sections: Sequence[Section], outcome: Outcome) -> int:
    """How many findings went that way."""
    return sum(finding.outcome is outcome for section in sections for finding in section.findings)


def page(title: str, at: datetime, sections: Sequence[Section], *, complete: bool) -> str:
    """The page.

    Args:
        title: What was tested.
        at: When, in UTC.
        sections: What was found.
        complete: Whether all checks ran to their end.
    """
    lines = [f"Self-test of {title}, {at:%Y-%m-%d %H:%M:%S} UTC"]
    for section in sections:
        lines += ["", section.title]
        for finding in section.findings:
            lines += _lines(finding)
    counts = ", ".join(f"{count(sections, outcome)} {words}" for outcome, words in _SUMMARY.items())
    lines += ["", counts if complete else f"{counts}; stopped before the end"]
    return "\n".join(lines) + "\n"


def _lines(finding: Finding) -> list[str]:
    lines = _wrapped(f"  {_LABELS[finding.outcome]}", finding.text)
    return [*lines, *_wrapped("", f"-> {finding.remedy}")] if finding.remedy else lines


def _wrapped(label: str, text: str) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=label.ljust(_TEXT_COLUMN),
        subsequent_indent=" " * _TEXT_COLUMN,
        break_long_words=False,
        break_on_hyphens=False,
    )
