"""Hear what is said on a wire without sending anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import anyio

from gateway.errors import LinkError
from gateway.model.bus_spec import LinkKind
from gateway.model.discovery import Identity
from gateway.ports import ByteLink, FrameRecogniser
from gateway.wire.opener import ByteLinkOpener

_SAMPLE_BYTES = 24


@dataclass
class Heard:
    """What was heard on a wire.

    Attributes:
        count: Bytes.
        sample: The first of them.
        driver: Name of the driver whose frame was heard, empty for none.
        identity: What its last frame said.
        after_s: Seconds until its first frame was complete.
    """

    count: int = 0
    sample: bytes = b""
    driver: str = ""
    identity: Identity | None = None
    after_s: float = 0.0


async def listen(
    wire: ByteLinkOpener, recognisers: Mapping[str, FrameRecogniser], window_s: float, measuring_s: float
) -> Heard:
    """Listen until a whole frame has come, at most `window_s`; then for a second one, at most `measuring_s`.

    Raises:
        LinkError: The wire cannot be opened. A serial port was lost while nothing had been recognised.
    """
    heard = Heard()
    async with wire.open() as link:
        started_ns = wire.clock.monotonic_ns()
        try:
            with anyio.move_on_after(window_s):
                while heard.identity is None:
                    await _hear(link, recognisers, heard)
            heard.after_s = (wire.clock.monotonic_ns() - started_ns) / 1e9
            if heard.identity is not None:
                first = heard.identity
                with anyio.move_on_after(measuring_s):
                    while heard.identity is first:
                        await _hear(link, {heard.driver: recognisers[heard.driver]}, heard)
        except LinkError:
            # Modbus TCP gateways hang up on clients that ask nothing.
            if heard.identity is None and wire.spec.parsed_link.kind is LinkKind.SERIAL:
                raise
    return heard


async def _hear(link: ByteLink, recognisers: Mapping[str, FrameRecogniser], heard: Heard) -> None:
    data, stamp = await link.receive()
    heard.count += len(data)
    heard.sample = (heard.sample + data)[:_SAMPLE_BYTES]
    for driver, recogniser in recognisers.items():
        identity = recogniser.feed(data, stamp)
        if identity is not None:
            heard.driver, heard.identity = driver, identity
            return
