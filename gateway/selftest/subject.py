"""Everything that is tested, and what has been found out so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from gateway.model.points import SiteSpec
from gateway.model.site_builder import build_site
from gateway.model.stamp import Clock
from gateway.selftest.evidence import AnalyserEvidence, BusEvidence
from gateway.settings.site_settings import GatewaySettings
from gateway.settings.site_spec import describe_devices

Progress = Callable[[str], None]


class Subject:
    """The gateway under test.

    Args:
        config: Where the settings were read from.
        settings: The settings.
        clock: Time.
        patience_s: Longest wait for one analyser.
        progress: Told what is being done.

    Attributes:
        buses: What the wires have shown, in the order of the settings.
        local: Analysers that are on no bus; nothing is asked of them.
        wires_taken: Whether a running gateway owns the wires, so that they must be left alone.
    """

    def __init__(
        self, config: Path, settings: GatewaySettings, clock: Clock, patience_s: float, progress: Progress
    ) -> None:
        self.config = config
        self.settings = settings
        self.clock = clock
        self.patience_s = patience_s
        self.progress = progress
        self.wires_taken = False
        described = {name: replace(one, actions=()) for name, one in describe_devices(settings).items()}
        self.buses = [
            BusEvidence(
                name,
                spec,
                [
                    AnalyserEvidence(analyser, described[analyser.name])
                    for analyser in settings.analysers.values()
                    if analyser.bus == name
                ],
            )
            for name, spec in settings.buses.items()
        ]
        self.local = [
            AnalyserEvidence(analyser, described[analyser.name])
            for analyser in settings.analysers.values()
            if not analyser.bus
        ]

    @property
    def analysers(self) -> list[AnalyserEvidence]:
        """All analysers, in the order of the settings."""
        every = {analyser.name: analyser for bus in self.buses for analyser in bus.analysers}
        every |= {analyser.name: analyser for analyser in self.local}
        return [every[name] for name in self.settings.analysers]

    @cached_property
    def site(self) -> SiteSpec:
        """Every point, without actions: servers of the self-test offer none."""
        return build_site(
            self.settings.site, [(each.name, each.settings.description, each.description) for each in self.analysers]
        )
