"""`analyser-gateway capture`: what a bus carries, written down as it is seen."""

from __future__ import annotations

import sys
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import anyio
import anyio.to_thread

from gateway.capture.line_format import encode_event, encode_header
from gateway.capture.retention import Extent, Ring, Whole
from gateway.cli.capture_output import CaptureOutput, CaptureWriter
from gateway.cli.capture_progress import CaptureProgress
from gateway.cli.capture_sources import Traffic, from_gateway, from_wire
from gateway.cli.signals import run_until_signal
from gateway.control.client import NotRunningError
from gateway.errors import InputError
from gateway.model.readings import ProtocolKind
from gateway.settings.load import load_settings
from gateway.settings.site_settings import GatewaySettings


@dataclass(frozen=True, slots=True)
class CaptureOptions:
    """How to capture.

    Attributes:
        output: Where to.
        duration_s: Seconds until it ends, None until a signal.
        full: Extent after which it ends; empty for none.
        ring: Extent of the last traffic that is kept, to be written at the end; empty to write all at once.
        polling: Whether to ask the analysers when no gateway does.
    """

    output: CaptureOutput
    duration_s: float | None = None
    full: str = ""
    ring: str = ""
    polling: bool = False


def capture_bus(config: Path, bus: str, options: CaptureOptions, messages: TextIO = sys.stderr) -> None:
    """Capture one bus until a signal comes, the time is over or the extent is reached.

    Args:
        config: Settings of the gateway, whether it runs or not.
        bus: Name of the bus in them.
        options: How.
        messages: Where progress and notes go.

    Raises:
        InputError: The settings, the bus or an option cannot be used; nothing was started.
        LinkError: No gateway runs, and the wire cannot be opened.
        GatewayError: The gateway stopped, or the file cannot be written any more. What was seen before is in the file.
    """
    settings = load_settings(config)
    if bus not in settings.buses:
        known = ", ".join(settings.buses)
        hint = f"choose from {known}" if known else "no analyser is on a bus, so there is no wire to hear"
        raise InputError(f"there is no bus '{bus}'", where=str(config), hint=hint)
    if options.polling and settings.buses[bus].protocol is ProtocolKind.CONTINUOUS:
        raise InputError("--poll: a continuous analyser talks unasked", where=f"bus {bus}", hint="leave --poll out")
    kept = _retention(options)
    options.output.check()
    writer = CaptureWriter(options.output)
    with CaptureProgress(bus, options.output.name, messages) as progress:

        async def work(stop: anyio.Event) -> None:
            with anyio.move_on_after(options.duration_s) as scope:
                async with anyio.create_task_group() as tasks, AsyncExitStack() as stack:
                    tasks.start_soon(_cancel_at, stop, scope)
                    traffic = await _traffic(stack, settings, bus, options, progress)
                    await _write_down(traffic, kept, writer, progress)
                    tasks.cancel_scope.cancel()

        try:
            anyio.run(run_until_signal, work, backend="asyncio")
        finally:
            writer.write(kept.rest())
            writer.close()


def _retention(options: CaptureOptions) -> Whole | Ring:
    if options.full and options.ring:
        raise InputError("--full and --ring exclude each other", hint="give one of them")
    try:
        if options.ring:
            return Ring(Extent.parse(options.ring))
        return Whole(Extent.parse(options.full) if options.full else None)
    except ValueError as error:
        raise InputError(f"--{'ring' if options.ring else 'full'}: {error}") from error


async def _traffic(
    stack: AsyncExitStack, settings: GatewaySettings, bus: str, options: CaptureOptions, progress: CaptureProgress
) -> Traffic:
    try:
        traffic = await stack.enter_async_context(from_gateway(settings, bus))
    except NotRunningError:
        spec = settings.buses[bus]
        traffic = await stack.enter_async_context(from_wire(settings, bus, polling=options.polling))
        doing = "asking its analysers once a second" if options.polling else "only listening"
        progress.note(f"no gateway of this site runs here, so {spec.link} is opened: {doing}")
        if spec.protocol is not ProtocolKind.CONTINUOUS and not options.polling:
            progress.note("a Modbus analyser speaks only when asked; without --poll you hear what another master asks")
    else:
        progress.note("the running gateway tells what it sends and receives")
        if options.polling:
            progress.note("--poll is not needed: the gateway polls")
    return traffic


async def _write_down(traffic: Traffic, kept: Whole | Ring, writer: CaptureWriter, progress: CaptureProgress) -> None:
    await anyio.to_thread.run_sync(writer.write, [encode_header(traffic.header)])
    async with aclosing(traffic.batches) as batches:
        async for events in batches:
            lines = kept.take([encode_event(event) for event in events])
            await anyio.to_thread.run_sync(writer.write, lines)
            progress.count(events)
            if kept.full or writer.broken:
                return


async def _cancel_at(stop: anyio.Event, scope: anyio.CancelScope) -> None:
    await stop.wait()
    scope.cancel()
