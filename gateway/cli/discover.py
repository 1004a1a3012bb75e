"""`analyser-gateway discover`: what is on these wires, and settings drafted from it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import anyio

from gateway import registry
from gateway.cli.discover_options import parse_links
from gateway.cli.discovery_progress import ProgressDisplay, progress_display
from gateway.cli.signals import run_until_signal
from gateway.errors import InputError
from gateway.export.draft_settings import draft_settings
from gateway.model.bus_spec import Link
from gateway.model.channel_spec import ChannelSpec
from gateway.model.discovery import FoundAnalyser, LinkFinding
from gateway.model.stamp import Clock
from gateway.ports import DiscoverableDriver
from gateway.settings.site_settings import DEFAULT_RATE_HZ
from gateway.settings.time_budget import BudgetShare, BusBudget
from gateway.streaming.clock import SystemClock
from gateway.wire.detection import Detection
from gateway.wire.detection_settings import DetectionSettings
from gateway.wire.serial import serial_ports


@dataclass(frozen=True, slots=True)
class DraftFile:
    """Where the draft goes.

    Attributes:
        path: File, None for standard output.
        overwrite: Whether a file that exists may be replaced.
    """

    path: Path | None
    overwrite: bool

    def check(self) -> None:
        """Refuse before anything is examined.

        Raises:
            InputError: The file exists and may not be replaced, or its folder does not exist.
        """
        if self.path is None:
            return
        if self.path.exists() and not self.overwrite:
            raise InputError("the file exists", where=str(self.path), hint="choose another one, or give --overwrite")
        if not self.path.parent.is_dir():
            raise InputError("there is no such folder to write to", where=str(self.path.parent), hint="create it first")

    def write(self, text: str, out: TextIO, messages: TextIO) -> None:
        """Write the draft; to `out` if the file cannot be written after all, for it may have taken long to find."""
        if self.path is None:
            out.write(text)
            return
        try:
            with self.path.open("w" if self.overwrite else "x", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            messages.write(f"{self.path}: cannot be written ({error.strerror}), so here is the draft\n")
            out.write(text)
            return
        messages.write(f"{self.path}: written; review it, then: analyser-gateway check {self.path}\n")


def links_to_examine(texts: Sequence[str], *, all_ports: bool, draft_wanted: bool) -> tuple[Link, ...]:
    """The links that were named, and every serial port if that is asked for; each once.

    Raises:
        InputError: A text is no link, or there is nothing to draft from.
    """
    if draft_wanted and not (texts or all_ports):
        raise InputError("--output: there is nothing to draft from", hint="name a LINK, or give --all-ports")
    return parse_links([*texts, *(port.path for port in serial_ports())] if all_ports else texts)


def list_serial_ports(out: TextIO, messages: TextIO) -> bool:
    """Write the serial ports of this machine, one per line; False if there is none."""
    ports = serial_ports()
    width = max((len(port.path) for port in ports), default=0)
    out.writelines(f"{port.path.ljust(width)}  {port.description}".rstrip() + "\n" for port in ports)
    messages.write(
        "name those to examine, or give --all-ports\n" if ports else "this machine has no serial port; name a LINK\n"
    )
    return bool(ports)


def discover_analysers(links: Sequence[Link], settings: DetectionSettings, draft: DraftFile) -> bool:
    """Examine links until done or until a signal comes, and write settings drafted from what was found.

    Returns:
        Whether an instrument was found; there is no draft without one.

    Raises:
        InputError: The draft cannot be written.
        GatewayError: A driver cannot be loaded.
    """
    draft.check()
    clock = SystemClock()
    findings: list[LinkFinding] = []

    async def work(stop: anyio.Event) -> None:
        with progress_display(sys.stderr) as display:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_cancel_when, stop, tasks.cancel_scope)
                await examine(links, settings, clock, display, findings)
                tasks.cancel_scope.cancel()

    anyio.run(run_until_signal, work, backend="asyncio")
    if not all(finding.complete or finding.problem for finding in findings):
        sys.stderr.write("interrupted; this is what was found so far\n")
    if not any(finding.analysers for finding in findings):
        sys.stderr.write("no analyser was found, so there is nothing to draft\n")
        return False
    rates_hz = {finding.link: fitting_rate_hz(finding) for finding in findings if finding.analysers}
    draft.write(draft_settings(findings, rates_hz, clock.stamp().utc), sys.stdout, sys.stderr)
    return True


async def examine(
    links: Sequence[Link],
    settings: DetectionSettings,
    clock: Clock,
    display: ProgressDisplay,
    findings: list[LinkFinding],
) -> None:
    """Examine all links at the same time; `findings` has one of each from the beginning, and they grow."""
    drivers = discoverable_drivers()
    detections = [Detection(link, drivers, settings, clock, display.link(str(link))) for link in links]
    findings.extend(detection.finding for detection in detections)
    async with anyio.create_task_group() as tasks:
        for detection in detections:
            tasks.start_soon(detection.run)


async def _cancel_when(stop: anyio.Event, scope: anyio.CancelScope) -> None:
    await stop.wait()
    scope.cancel()


def discoverable_drivers() -> dict[str, DiscoverableDriver]:
    """Registered drivers whose instruments can be found.

    Raises:
        GatewayError: One cannot be loaded.
    """
    drivers = {name: registry.driver(name) for name in registry.driver_names()}
    return {name: driver for name, driver in drivers.items() if isinstance(driver, DiscoverableDriver)}


def fitting_rate_hz(finding: LinkFinding) -> float:
    """Polls per second for all instruments of a link alike: the usual rate, or the highest one that fits."""
    spec = finding.spec
    if spec is None:
        return DEFAULT_RATE_HZ

    def share(analyser: FoundAnalyser) -> BudgetShare:
        driver, identity = registry.wire_driver(analyser.driver), analyser.identity
        channels = {channel.channel: ChannelSpec(channel.unit) for channel in identity.channels}
        options = driver.settings(channels=channels, **identity.keys)
        sweep_s = spec.timing.sweep_s(driver.exchanges(options, spec.protocol))
        return BudgetShare(str(analyser.address), DEFAULT_RATE_HZ, sweep_s)

    budget = BusBudget("", spec.protocol, tuple(map(share, finding.analysers)))
    return min(DEFAULT_RATE_HZ, budget.fitting_rate_hz)
