"""Listen to the analyser of a continuous bus until a whole frame has come."""

from __future__ import annotations

from contextlib import aclosing

import anyio

from gateway import registry
from gateway.errors import GatewayError, LinkError, ProtocolError
from gateway.model.stamp import Clock
from gateway.selftest.evidence import AnalyserEvidence, BusEvidence
from gateway.selftest.subject import Progress
from gateway.wire.opener import ByteLinkOpener
from gateway.wire.tap import WireEvent, WireEventKind

MARGIN_S = 2.0
"""Beyond two intervals: a frame of 272 bytes takes 1.2 s at 2400 baud."""


def window_s(interval_s: float) -> float:
    """How long to wait for a whole frame: the first one may be heard from its middle on."""
    return 2 * interval_s + MARGIN_S


async def hear_analysers(bus: BusEvidence, clock: Clock, patience_s: float, progress: Progress) -> None:
    """Open the bus and listen for at most two intervals and a margin, or `patience_s` if that is shorter."""
    for analyser in bus.analysers:
        longest_s = min(window_s(analyser.description.frame_interval_s or 0.0), patience_s)
        progress(f"listening to {analyser.name} for up to {longest_s:g} s")
        started_ns = clock.monotonic_ns()
        try:
            with anyio.move_on_after(longest_s):
                await _hear(bus, analyser, clock)
        except LinkError as error:
            analyser.problem = bus.problem = error
        except Exception as error:  # noqa: BLE001  a fault of one driver must not end the test of the others
            analyser.problem = ProtocolError(f"fault of the driver: {error!r}", hint="report it")
        analyser.waited_s = (clock.monotonic_ns() - started_ns) / 1e9
        bus.opened = bool(bus.opened)


async def _hear(bus: BusEvidence, analyser: AnalyserEvidence, clock: Clock) -> None:
    wire = ByteLinkOpener(bus.name, bus.spec, clock)
    settings = analyser.settings
    source = registry.wire_driver(settings.driver).listen(settings.name, settings.options, wire)

    def seen(event: WireEvent) -> None:
        bus.opened = bus.opened or event.kind is WireEventKind.OPENED
        analyser.bytes_heard += len(event.data) if event.kind is WireEventKind.RECEIVED else 0

    with wire.tap.attached(seen):
        async with aclosing(source.batches()) as batches:
            async for batch in batches:
                error = batch[0].error
                if error is None:
                    analyser.batch, analyser.problem = batch, None
                    return
                analyser.problem = error if isinstance(error, GatewayError) else ProtocolError(str(error))
