"""Does every analyser answer, or talk?"""

from __future__ import annotations

from collections.abc import Sequence

from gateway.model.readings import ProtocolKind
from gateway.selftest.evidence import AnalyserEvidence, BusEvidence
from gateway.selftest.finding import Finding, failed, passed, skipped, warned
from gateway.selftest.hear_analyser import window_s
from gateway.selftest.subject import Subject

_SERIAL = "compare baud rate, data bits and parity with the analyser's serial settings"


async def check(subject: Subject) -> Sequence[Finding]:
    """Judge what the visits to the buses have brought."""
    if subject.wires_taken:
        return [skipped("the running gateway owns the wires")]
    buses = {bus.name: bus for bus in subject.buses}
    return [
        _finding(each, buses[each.settings.bus], subject.patience_s)
        if each.settings.bus
        else skipped(f"{each.name} is reached by its driver alone, and was not asked")
        for each in subject.analysers
    ]


def _finding(analyser: AnalyserEvidence, bus: BusEvidence, patience_s: float) -> Finding:
    name = analyser.name
    if not bus.opened:
        return skipped(f"{name} could not be asked: its bus {bus.name} cannot be opened")
    if bus.spec.protocol is ProtocolKind.CONTINUOUS:
        return _heard(analyser, bus, patience_s)
    at = "" if analyser.description.address is None else f" at address {analyser.description.address}"
    if analyser.batch:
        silent = "does not answer the loopback, but " if at else ""
        how = f"{analyser.answered}, and " if analyser.answered else silent
        return passed(f"{name}{at} {how}answers reads")
    if bus.otherwise:
        return failed(f"{name}{at} does not answer; {bus.otherwise}", bus.otherwise_remedy)
    if analyser.problem is None:
        return skipped(f"{name}{at} was not asked: {bus.problem.what if bus.problem else 'the bus was lost'}")
    reason = analyser.problem.what
    if analyser.answered:
        return failed(f"{name}{at} {analyser.answered}, but cannot be read: {reason}", analyser.problem.hint)
    if any(other.batch for other in bus.analysers):
        remedy = "others on this bus answer: check its power, its address and that it is in Modbus mode"
        return failed(f"{name}{at} does not answer: {reason}", remedy)
    return failed(f"{name}{at} does not answer: {reason}", analyser.problem.hint)


def _heard(analyser: AnalyserEvidence, bus: BusEvidence, patience_s: float) -> Finding:
    name = analyser.name
    if analyser.batch:
        return passed(f"{name} sent a whole frame with a right checksum")
    if analyser.problem is not None:
        return failed(f"{name} sent no good frame: {analyser.problem.what}", analyser.problem.hint or _SERIAL)
    if analyser.bytes_heard:
        return failed(f"{name} sent {analyser.bytes_heard} bytes, but no frame", _SERIAL)
    interval_s = analyser.description.frame_interval_s or 0.0
    if patience_s < window_s(interval_s):
        return warned(
            f"{name} was silent for {patience_s:g} s, but it sends only every {interval_s:g} s",
            f"wait longer: --patience {window_s(interval_s):g}",
        )
    return failed(
        f"{name} was silent for {window_s(interval_s):g} s, more than two intervals of {interval_s:g} s",
        f"check power and wiring of {bus.spec.link}, that it is in continuous mode, and its frame frequency",
    )
