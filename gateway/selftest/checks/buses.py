"""Can every bus be opened? All of them at once, and every analyser is asked on the way."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import anyio

from gateway.errors import LinkError
from gateway.model.bus_spec import LinkKind
from gateway.model.readings import ProtocolKind
from gateway.selftest.ask_analysers import ask_analysers
from gateway.selftest.evidence import BusEvidence
from gateway.selftest.finding import Finding, failed, passed, skipped
from gateway.selftest.hear_analyser import hear_analysers
from gateway.selftest.other_language import find_other_language
from gateway.selftest.subject import Subject
from gateway.wire.opener import ByteLinkOpener

_RUNNING = "is the gateway running? stop it, or use `health`"


async def check(subject: Subject) -> Sequence[Finding]:
    """Open every bus; what its analysers say is kept for the other checks."""
    if subject.wires_taken:
        return [skipped("the running gateway owns the wires")]
    async with anyio.create_task_group() as visits:
        for bus in subject.buses:
            visits.start_soon(_visit, bus, subject)
    return [_finding(bus) for bus in subject.buses]


async def _visit(bus: BusEvidence, subject: Subject) -> None:
    if bus.spec.protocol is ProtocolKind.CONTINUOUS:
        await hear_analysers(bus, subject.clock, subject.patience_s, subject.progress)
        return
    await ask_analysers(bus, subject.clock, subject.patience_s, subject.progress)
    if not bus.opened:
        await _find_reason(bus, subject)
    elif not any(analyser.answered or analyser.batch for analyser in bus.analysers):
        await find_other_language(bus, subject.clock, subject.patience_s, subject.progress)


async def _find_reason(bus: BusEvidence, subject: Subject) -> None:
    """Ask the byte link why the port cannot be opened: pymodbus does not say."""
    try:
        async with ByteLinkOpener(bus.name, bus.spec, subject.clock).open():
            pass
    except LinkError as error:
        bus.problem = error


def _finding(bus: BusEvidence) -> Finding:
    where = f"{bus.name}: {bus.spec.protocol.value} on {bus.spec.link}"
    if not bus.analysers:
        return skipped(f"{where} was not opened, since no analyser is on it")
    if not bus.opened:
        reason = "cannot be opened" if bus.problem is None else bus.problem.what
        return failed(f"{where}: {reason}", _remedy(bus))
    if bus.problem is not None:
        return failed(f"{where} was opened and lost: {bus.problem.what}", bus.problem.hint)
    return passed(f"{where} can be opened")


def _remedy(bus: BusEvidence) -> str:
    link, hint = bus.spec.parsed_link, bus.problem.hint if bus.problem is not None else ""
    if link.kind is not LinkKind.SERIAL:
        return hint
    if sys.platform != "win32" and not Path(link.path).exists():
        return "there is no such port: check the path, and that the adapter is plugged in"
    return f"{_RUNNING}; otherwise {hint}"
