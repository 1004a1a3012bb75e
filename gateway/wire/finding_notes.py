"""What becomes known of a link while it is examined: kept for the end, and told at once to whoever watches."""

from __future__ import annotations

from typing import Protocol

from gateway.errors import GatewayError
from gateway.model.bus_spec import BusSpec
from gateway.model.discovery import FoundAnalyser, LinkFinding


class Progress(Protocol):
    """Who is told how far the examination of one link is."""

    def phase(self, what: str, steps: int | None) -> None:
        """Something begins that takes so many steps; None when that cannot be said."""
        ...

    def step(self) -> None:
        """One step is done."""
        ...

    def found(self, what: str) -> None:
        """Something worth a line was found."""
        ...


class FindingNotes:
    """Writes one finding.

    Attributes:
        finding: What is known so far.
        progress: Who watches.
    """

    def __init__(self, link: str, progress: Progress) -> None:
        self.finding = LinkFinding(link)
        self.progress = progress

    def remark(self, text: str) -> None:
        """Something a person should know."""
        self.finding.remarks.append(text)
        self.progress.found(text)

    def fail(self, error: GatewayError) -> None:
        """The link cannot be examined, or no further."""
        self.finding.problem = error
        self.progress.found(f"{error.what}; {error.hint}")

    def prove(self, spec: BusSpec, proof: str) -> None:
        """The first proof of what the line is; later ones say no more."""
        if self.finding.spec is None:
            self.finding.spec, self.finding.proof = spec, proof
            self.progress.found(f"{spec.protocol} at {line_words(spec)}: {proof}")

    def record(self, analyser: FoundAnalyser) -> None:
        """An instrument that a driver knows."""
        self.finding.analysers.append(analyser)
        place = "" if analyser.address is None else f" at address {analyser.address}"
        identity = analyser.identity
        channels = ", ".join(channel.channel for channel in identity.channels)
        self.progress.found(f"{identity.manufacturer} {identity.model}{place} with {channels}")


def line_words(spec: BusSpec) -> str:
    """Serial settings as people write them: `19200 8N1`."""
    return f"{spec.baudrate} {spec.bytesize}{spec.parity[0].upper()}{spec.stopbits}"
