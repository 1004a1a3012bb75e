"""A raw TCP endpoint, such as a serial server, as a byte link."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from gateway.errors import LinkError
from gateway.model.bus_spec import BusSpec
from gateway.model.stamp import Clock
from gateway.model.vanished_peer import notice_vanished_peer
from gateway.ports import ByteLink
from gateway.wire.name_lookup import address_of
from gateway.wire.receiver import Receiver
from gateway.wire.tap import WireTap

_CONNECT_S = 5.0


def keep_alive(raw: socket.socket) -> None:
    """Notice within about 30 s that the other end has vanished without a word (half-open connection)."""
    notice_vanished_peer(raw, untaken_s=30, probes=3)


@asynccontextmanager
async def open_socket(name: str, spec: BusSpec, clock: Clock, tap: WireTap) -> AsyncIterator[ByteLink]:
    """Connect and read.

    Raises:
        LinkError: The endpoint cannot be reached within 5 s.
    """
    link = spec.parsed_link
    where = f"bus {name} ({link})"
    receiver = Receiver(where, clock, tap)
    try:
        with anyio.fail_after(_CONNECT_S):
            address = await address_of(link.host, link.port)
            transport, _ = await asyncio.get_running_loop().create_connection(lambda: receiver, address, link.port)
    except (OSError, TimeoutError) as error:
        raise LinkError(
            f"cannot connect: {str(error) or f'no answer within {_CONNECT_S:g} s'}",
            where=where,
            hint="check host, port and that the serial server is on",
        ) from error
    keep_alive(transport.get_extra_info("socket"))
    try:
        yield receiver
    finally:
        await receiver.aclose()
