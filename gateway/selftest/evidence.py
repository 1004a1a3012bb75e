"""What the wires and the analysers have shown, for the checks to judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.errors import GatewayError
from gateway.model.bus_spec import BusSpec
from gateway.model.device_description import DeviceDescription
from gateway.model.sample import Sample
from gateway.settings.site_settings import AnalyserSettings


@dataclass
class AnalyserEvidence:
    """One analyser.

    Attributes:
        settings: As configured.
        description: As its driver describes it, without actions.
        answered: How it showed itself, in words; empty if it did not.
        batch: Its first good batch, empty for none.
        problem: Why there is none, as far as it is known.
        waited_s: How long it was waited for.
        bytes_heard: Bytes that came from an analyser that talks unasked.
        leftovers: What earlier commands left behind; None when that was not asked, or cannot be.
        leftovers_problem: Why it is not known although it was asked.
    """

    settings: AnalyserSettings
    description: DeviceDescription
    answered: str = ""
    batch: Sequence[Sample] = ()
    problem: GatewayError | None = None
    waited_s: float = 0.0
    bytes_heard: int = 0
    leftovers: Sequence[str] | None = None
    leftovers_problem: GatewayError | None = None

    @property
    def name(self) -> str:
        """Name in the settings."""
        return self.settings.name


@dataclass
class BusEvidence:
    """One bus.

    Attributes:
        name: Name in the settings.
        spec: As configured.
        analysers: Those on it, in the order of the settings.
        opened: Whether it could be opened; None until that was tried.
        problem: Why it could not, or what happened to it afterwards.
        otherwise: What is talked on it instead of the configured protocol, in words; empty if nothing was found.
        otherwise_remedy: What to do about that.
    """

    name: str
    spec: BusSpec
    analysers: list[AnalyserEvidence] = field(default_factory=list)
    opened: bool | None = None
    problem: GatewayError | None = None
    otherwise: str = ""
    otherwise_remedy: str = ""
