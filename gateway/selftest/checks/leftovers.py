"""Has an earlier command left something behind on an analyser? It is reported, and left as it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gateway.selftest.evidence import AnalyserEvidence
from gateway.selftest.finding import Finding, passed, skipped, warned
from gateway.selftest.subject import Subject


async def check(subject: Subject) -> Sequence[Finding]:
    """Judge what the command coils showed."""
    return [finding for analyser in subject.analysers for finding in _findings(analyser)]


def _findings(analyser: AnalyserEvidence) -> Iterator[Finding]:
    name = analyser.name
    if analyser.leftovers_problem is not None:
        yield warned(
            f"{name}: command coils cannot be read: {analyser.leftovers_problem.what}", "open no actions for it"
        )
    elif analyser.leftovers is None:
        yield skipped(f"{name} takes no commands this way" if analyser.batch else f"{name} gave no values")
    elif analyser.leftovers:
        yield warned(
            f"{name}: set from before: {', '.join(analyser.leftovers)}",
            "see that no other master is at work; while it is set, the analyser ignores that command",
        )
    else:
        yield passed(f"{name}: no command coil is set")
