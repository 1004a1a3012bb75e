"""Where `capture` finds the traffic of a bus: in the running gateway, or on the wire itself."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from typing import cast

import anyio

from gateway import registry
from gateway.app import drivers_by_address
from gateway.assembly import assemble_wires
from gateway.capture.events import CapturedEvent, CaptureHeader
from gateway.capture.feed import CaptureFeed
from gateway.capture.line_format import parse_event, parse_header
from gateway.capture.own_wire import listen, poll
from gateway.control.client import ask
from gateway.control.socket_path import running_path
from gateway.model.readings import ProtocolKind
from gateway.settings.site_settings import GatewaySettings
from gateway.streaming.clock import SystemClock
from gateway.wire.opener import ByteLinkOpener

Batches = AsyncGenerator[list[CapturedEvent], None]


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a bus carries.

    Attributes:
        header: Which bus.
        batches: Events as they come, without end.
    """

    header: CaptureHeader
    batches: Batches


@asynccontextmanager
async def from_gateway(settings: GatewaySettings, bus: str) -> AsyncIterator[Traffic]:
    """Ask the running gateway.

    Raises:
        NotRunningError: None of this site runs here under this user.
        GatewayError: It does not know the bus, or stopped.
    """
    async with aclosing(ask(running_path(settings.site), "capture", bus=bus)) as answers:
        first = await anext(answers)
        yield Traffic(parse_header(str(first["capture"])), _parsed(answers))


async def _parsed(answers: AsyncGenerator[Mapping[str, object], None]) -> Batches:
    async for answer in answers:
        yield [parse_event(line) for line in cast("list[str]", answer["events"])]


@asynccontextmanager
async def from_wire(settings: GatewaySettings, bus: str, *, polling: bool) -> AsyncIterator[Traffic]:
    """Open the wire.

    Args:
        settings: With the bus and its analysers.
        bus: Its name.
        polling: Ask the analysers on it, which must speak Modbus; otherwise nothing is sent.

    Raises:
        LinkError: It cannot be opened.
    """
    clock = SystemClock()
    wires = assemble_wires(settings, clock)
    spec, tap = settings.buses[bus], wires.taps[bus]
    feed = CaptureFeed(clock)
    header = CaptureHeader.of_bus(bus, spec, feed.started, drivers_by_address(settings)[bus])
    header = replace(header, listening=not polling and spec.protocol is not ProtocolKind.CONTINUOUS)
    try:
        async with anyio.create_task_group() as tasks:
            with tap.attached(feed.take):
                if polling:
                    sources = [
                        registry.wire_driver(analyser.driver).poll(analyser.name, analyser.options, wires.modbus[bus])
                        for analyser in settings.analysers.values()
                        if analyser.bus == bus
                    ]
                    tasks.start_soon(poll, sources, clock)
                else:
                    tasks.start_soon(listen, ByteLinkOpener(bus, spec, clock, tap))
                yield Traffic(header, _fed(feed))
                tasks.cancel_scope.cancel()
    finally:
        await wires.aclose()


async def _fed(feed: CaptureFeed) -> Batches:
    while True:
        yield await feed.next()
