"""What a check has to say."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """How it went."""

    PASS = "pass"  # noqa: S105  no password
    WARN = "warn"
    FAIL = "fail"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the page.

    Attributes:
        outcome: How it went.
        text: What was seen.
        remedy: What to do about it; empty where nothing is to be done.
    """

    outcome: Outcome
    text: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """What one check has to say."""

    title: str
    findings: tuple[Finding, ...]


def passed(text: str) -> Finding:
    """It is as it should be."""
    return Finding(Outcome.PASS, text)


def warned(text: str, remedy: str) -> Finding:
    """It works, but somebody should look at it."""
    return Finding(Outcome.WARN, text, remedy)


def failed(text: str, remedy: str) -> Finding:
    """It does not work."""
    return Finding(Outcome.FAIL, text, remedy)


def skipped(text: str, remedy: str = "") -> Finding:
    """It could not be told."""
    return Finding(Outcome.SKIPPED, text, remedy)
