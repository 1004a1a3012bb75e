"""When nobody answers on a Modbus bus: does something else talk on it, or is another framing spoken?"""

from __future__ import annotations

from dataclasses import replace

import anyio

from gateway import registry
from gateway.errors import LinkError
from gateway.model.bus_spec import LinkKind
from gateway.model.discovery import Identity
from gateway.model.readings import ProtocolKind, WireProtocol
from gateway.model.stamp import Clock
from gateway.ports import DiscoverableDriver, FrameRecogniser
from gateway.selftest.evidence import BusEvidence
from gateway.selftest.hear_analyser import window_s
from gateway.selftest.subject import Progress
from gateway.wire import loopback
from gateway.wire.bus import SharedModbusBus
from gateway.wire.listening import listen
from gateway.wire.opener import ByteLinkOpener

_LOOPBACK_DATA = 0x5A3C
_USUAL_INTERVAL_S = 2.0
_SERIAL_FRAMINGS: tuple[WireProtocol, ...] = (ProtocolKind.MODBUS_RTU, ProtocolKind.MODBUS_ASCII)
_THERE = (loopback.Outcome.RETURNED, loopback.Outcome.REFUSED)


async def find_other_language(bus: BusEvidence, clock: Clock, patience_s: float, progress: Progress) -> None:
    """Listen, then ask in the other framings; what is found goes into the evidence of the bus.

    Listening, and the questions together, each take at most `patience_s`.
    """
    try:
        await _listen(bus, clock, min(window_s(_USUAL_INTERVAL_S), patience_s), progress)
        if not bus.otherwise:
            with anyio.move_on_after(patience_s):
                await _ask(bus, clock, progress)
    except LinkError as error:
        bus.problem = error


async def _listen(bus: BusEvidence, clock: Clock, longest_s: float, progress: Progress) -> None:
    recognisers: dict[str, FrameRecogniser] = {}
    for analyser in bus.analysers:
        driver = registry.driver(analyser.settings.driver)
        if isinstance(driver, DiscoverableDriver) and (recogniser := driver.recogniser(_USUAL_INTERVAL_S)) is not None:
            recognisers[analyser.settings.driver] = recogniser
    progress(f"nobody answers on {bus.name}; listening for {longest_s:g} s")
    wire = ByteLinkOpener(bus.name, replace(bus.spec, protocol=ProtocolKind.CONTINUOUS), clock)
    heard = await listen(wire, recognisers, longest_s, 0.0)
    if heard.identity is not None:
        bus.otherwise = f"an analyser in continuous mode talks on this line: {_channels(heard.identity)}"
        bus.otherwise_remedy = "set the analyser to Modbus, or write `protocol: continuous` for this bus"
    elif heard.count:
        bus.otherwise = f"{heard.count} bytes came unasked, beginning with {heard.sample.hex(' ')}"
        bus.otherwise_remedy = "look for another master on this line, and compare baud rate, data bits and parity"


def _channels(identity: Identity) -> str:
    return ", ".join(f"{each.channel} {each.name}".rstrip() for each in identity.channels)


async def _ask(bus: BusEvidence, clock: Clock, progress: Progress) -> None:
    framings = set(_SERIAL_FRAMINGS)
    if bus.spec.parsed_link.kind is LinkKind.SOCKET:
        framings.add(ProtocolKind.MODBUS_TCP)
    for protocol in sorted(framings - {bus.spec.protocol}):
        progress(f"nobody answers on {bus.name}; trying {protocol.value}")
        wire = SharedModbusBus(bus.name, replace(bus.spec, protocol=protocol, attempts=1), clock)
        try:
            for analyser in bus.analysers:
                address = analyser.description.address
                if address is None:
                    continue
                if (await loopback.ask(wire, address, _LOOPBACK_DATA)).outcome in _THERE:
                    bus.otherwise = f"{analyser.name} at address {address} answers in {protocol.value}"
                    bus.otherwise_remedy = f"write `protocol: {protocol.value}` for this bus"
                    return
        finally:
            await wire.aclose()
