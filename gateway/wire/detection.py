"""Find out what is on one wire: listen first, which harms nobody, and ask only where nothing was heard."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.errors import LinkError
from gateway.model.bus_spec import BusSpec, Link, LinkKind
from gateway.model.discovery import FoundAnalyser, Identity, LinkFinding
from gateway.model.readings import ProtocolKind
from gateway.model.stamp import Clock
from gateway.ports import DiscoverableDriver
from gateway.wire.address_scan import AddressScan
from gateway.wire.detection_settings import DetectionSettings
from gateway.wire.finding_notes import FindingNotes, Progress, line_words
from gateway.wire.listening import Heard, listen
from gateway.wire.opener import ByteLinkOpener

_NAME = "discover"


class Detection:
    """The examination of one wire.

    Args:
        link: The wire.
        drivers: Drivers that may know what is found, by name.
        settings: How to go about it.
        clock: Time.
        progress: Who wants to know.
    """

    def __init__(
        self,
        link: Link,
        drivers: Mapping[str, DiscoverableDriver],
        settings: DetectionSettings,
        clock: Clock,
        progress: Progress,
    ) -> None:
        self._link = link
        self._drivers = drivers
        self._settings = settings
        self._clock = clock
        self._notes = FindingNotes(str(link), progress)

    @property
    def finding(self) -> LinkFinding:
        """What is known so far."""
        return self._notes.finding

    async def run(self) -> None:
        """Examine the wire. What is in its way becomes part of the finding."""
        try:
            if await self._may_ask():
                await AddressScan(self._link, self._drivers, self._settings, self._clock, self._notes).run()
        except LinkError as error:
            self._notes.fail(error)
        else:
            self.finding.complete = True

    async def _may_ask(self) -> bool:
        """Whether requests make sense and disturb nobody: the line is silent, and nothing has been found yet."""
        talking = False
        for baudrate in self._settings.rates(self._link):
            spec = self._settings.bus(self._link, ProtocolKind.CONTINUOUS, baudrate)
            window_s, heard = await self._listen(spec)
            if heard.identity is not None:
                self._record(spec, heard, heard.identity)
                return False
            if not heard.count:
                break  # at another rate there would be as little to hear
            talking = True
            self._notes.remark(
                f"{heard.count} bytes within {window_s:.1f} s at {line_words(spec)} are no frame that a driver knows;"
                f" they begin with {heard.sample.hex(' ')}"
            )
        if talking and not self._settings.ask_talking_line:
            self._notes.remark(
                "something talks on this line: another master, or an analyser with other serial settings or a longer"
                " frame interval; nothing was sent, so as not to disturb it. Try other baud rates and intervals, or ask"
                " all the same with --force"
            )
            return False
        if self._link.kind is LinkKind.RFC2217:
            self._notes.remark(
                "Modbus does not run over rfc2217://, so nobody was asked; for Modbus set the serial server to raw TCP"
                f" and give socket://{self._link.host}:{self._link.port}"
            )
            return False
        return True

    async def _listen(self, spec: BusSpec) -> tuple[float, Heard]:
        recognisers = {
            name: recogniser
            for name, driver in self._drivers.items()
            if (recogniser := driver.recogniser(self._settings.frame_interval_s)) is not None
        }
        longest = max((recogniser.longest_frame for recogniser in recognisers.values()), default=0)
        window_s = self._settings.listening_s(longest, spec.baudrate)
        what = f"listening for up to {window_s:.1f} s at {line_words(spec)}; nothing is sent"
        self._notes.progress.phase(what, None)
        wire = ByteLinkOpener(_NAME, spec, self._clock)
        return window_s, await listen(wire, recognisers, window_s, self._settings.measuring_s)

    def _record(self, spec: BusSpec, heard: Heard, identity: Identity) -> None:
        proof = f"a whole frame with a right checksum was heard after {heard.after_s:.1f} s, and nothing was sent"
        self._notes.prove(spec, proof)
        self._notes.record(FoundAnalyser(heard.driver, None, proof, identity))
