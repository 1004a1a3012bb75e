"""Ask the addresses of a silent line who is there, one framing after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle

from gateway.errors import GatewayError, LinkError
from gateway.model.bus_spec import BusSpec, Link, LinkKind
from gateway.model.discovery import FoundAnalyser
from gateway.model.readings import ProtocolKind
from gateway.model.stamp import Clock
from gateway.ports import DiscoverableDriver
from gateway.wire.bus import SharedModbusBus
from gateway.wire.detection_settings import DetectionSettings
from gateway.wire.finding_notes import FindingNotes, line_words
from gateway.wire.loopback import Answer, Outcome, answers_reads, ask

_NAME = "discover"
_NUMBERS = range(0x8000, 0x10000)
"""For the loopbacks; see `DetectionSettings.protocols` for why they are no smaller."""


class AddressScan:
    """Asks by loopback (function code 08), and reads (02, 04) from whoever answers; nothing else is ever sent.

    A line speaks one framing at a time: the first one in which anything answers is taken. Every request is preceded by
    silence and carries a number of its own, so that a late answer is never taken for the next one.
    """

    def __init__(
        self,
        link: Link,
        drivers: Mapping[str, DiscoverableDriver],
        settings: DetectionSettings,
        clock: Clock,
        notes: FindingNotes,
    ) -> None:
        self._link = link
        self._drivers = drivers
        self._settings = settings
        self._clock = clock
        self._notes = notes
        self._numbers: Iterator[int] = cycle(_NUMBERS)
        self._waiting = list(settings.addresses)
        self._garbled: dict[int, str] = {}
        self._hung_up: dict[ProtocolKind, LinkError] = {}
        self._returns_everything = False

    async def run(self) -> None:
        """Ask all addresses as often as the settings say.

        Raises:
            LinkError: The wire is lost, or cannot be opened in any framing.
        """
        try:
            for number in range(self._settings.rounds):
                for spec in self._candidates():
                    await self._ask_all(spec, again=number > 0)
        finally:
            self._remark_garbled()
        if self._notes.finding.spec is not None or self._returns_everything:
            return
        if self._hung_up.keys() == set(self._settings.protocols(self._link)):
            raise next(iter(self._hung_up.values()))
        self._notes.remark(
            f"nothing was heard, and no answer came from {_addresses(self._waiting)}; check power, wiring, A and B,"
            " serial settings and address of the instrument, and its frame interval"
        )

    def _candidates(self) -> Iterator[BusSpec]:
        """What the line may still be."""
        for baudrate in self._settings.rates(self._link):
            for protocol in self._settings.protocols(self._link):
                spec = self._settings.bus(self._link, protocol, baudrate)
                if (
                    self._waiting
                    and not self._returns_everything
                    and protocol not in self._hung_up
                    and self._notes.finding.spec in (None, spec)
                ):
                    yield spec

    async def _ask_all(self, spec: BusSpec, *, again: bool) -> None:
        """Ask all addresses that have not answered, in one framing. A network peer that hangs up does not speak it."""
        what = f"asking {_addresses(self._waiting)}{' again' if again else ''} by {spec.protocol}"
        self._notes.progress.phase(f"{what} at {line_words(spec)}", len(self._waiting))
        bus = SharedModbusBus(_NAME, self._settings.asking(spec), self._clock)
        try:
            for address in tuple(self._waiting):
                answer = await ask(bus, address, next(self._numbers))
                self._notes.progress.step()
                if answer.outcome is Outcome.SILENT:
                    continue
                if answer.outcome is Outcome.GARBLED:
                    self._garbled[address] = f"{answer.words} by {spec.protocol} at {line_words(spec)}"
                    continue
                await bus.aclose()  # a wire is open once at a time; the next request opens it again
                await self._follow_up(spec, address, answer)
                if self._returns_everything:
                    return
        except LinkError as error:
            if self._link.kind is LinkKind.SERIAL or self._notes.finding.spec is not None:
                raise
            self._hung_up[spec.protocol] = error
        finally:
            await bus.aclose()

    async def _follow_up(self, spec: BusSpec, address: int, answer: Answer) -> None:
        """Take down what an answer proves, and who gave it."""
        if answer.outcome is Outcome.ABSENT:
            self._notes.prove(spec, f"a Modbus gateway {answer.words} for address {address}")
            return
        bus = SharedModbusBus(_NAME, self._settings.reading(spec), self._clock)
        try:
            if answer.outcome is Outcome.RETURNED and not await answers_reads(bus, address):
                self._returns_everything = True
                self._notes.remark(
                    f"address {address} {answer.words}, but answers no read: most likely the line returns whatever is"
                    " sent; switch off the local echo of the adapter, and look for a bridge from TX to RX"
                )
                return
            self._waiting.remove(address)
            self._notes.prove(spec, f"address {address} {answer.words}")
            await self._identify(bus, address, answer)
        finally:
            await bus.aclose()

    async def _identify(self, bus: SharedModbusBus, address: int, answer: Answer) -> None:
        try:
            for name, driver in self._drivers.items():
                identity = await driver.identify(bus, address)
                if identity is not None:
                    self._notes.record(FoundAnalyser(name, address, f"address {address} {answer.words}", identity))
                    return
        except LinkError:
            raise
        except GatewayError as error:
            slow = "" if self._link.kind is LinkKind.SERIAL else ", and give --baudrate of the line behind the server"
            what = f"address {address} answers, but cannot be identified: {error.what}"
            self._notes.remark(f"{what}; {error.hint}{slow}")
            return
        self._notes.remark(f"address {address} speaks Modbus, but is no instrument that a driver knows")

    def _remark_garbled(self) -> None:
        for address, words in self._garbled.items():
            self._notes.remark(
                f"garbled answer from address {address}: {words}; look for two instruments with this address, other"
                " serial settings, a bad termination, or another master"
            )


def _addresses(addresses: Sequence[int]) -> str:
    return f"address {addresses[0]}" if len(addresses) == 1 else f"{len(addresses)} addresses"
