"""How far are the analysers' own clocks off? Time stamps never come from them."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from gateway.model.readings import AnalyserStatus
from gateway.selftest.evidence import AnalyserEvidence
from gateway.selftest.finding import Finding, passed, skipped, warned
from gateway.selftest.subject import Subject

_TOLERATED_S = 60.0
_ZONE_STEP_S = 900.0
_FARTHEST_ZONE_S = 14 * 3600.0


async def check(subject: Subject) -> Sequence[Finding]:
    """Compare with UTC of this host; a whole number of quarter hours is taken for a time zone."""
    return [_finding(analyser) for analyser in subject.analysers]


def _finding(analyser: AnalyserEvidence) -> Finding:
    name = analyser.name
    if not analyser.description.has_clock:
        return skipped(f"{name} does not tell its clock over this protocol")
    if not analyser.batch:
        return skipped(f"{name} gave no values")
    first = analyser.batch[0]
    status = first.metadata["analyser"]
    clock = status.clock if isinstance(status, AnalyserStatus) else None
    remedy = "set the clock on the analyser if its own records matter; time stamps come from this host"
    if clock is None:
        return warned(f"{name} shows no date", remedy)
    offset_s = (clock - first.received_at.replace(tzinfo=None)).total_seconds()
    zone_s = round(offset_s / _ZONE_STEP_S) * _ZONE_STEP_S
    if abs(zone_s) > _FARTHEST_ZONE_S or abs(offset_s - zone_s) > _TOLERATED_S:
        side = "ahead of" if offset_s > 0 else "behind"
        return warned(f"{name} is {abs(offset_s):.0f} s {side} UTC of this host", remedy)
    zone = f"UTC{zone_s / 3600:+g} h" if zone_s else "UTC"
    return passed(f"{name} shows {zone} to within {ceil(abs(offset_s - zone_s))} s")
