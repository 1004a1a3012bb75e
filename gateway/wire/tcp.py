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
from gateway.ports import ByteLink
from gateway.wire.name_lookup import address_of
from gateway.wire.receiver import Receiver
from gateway.wire.tap import WireTap

_CONNECT_S = 5.0


def keep_alive(raw: socket.socket) -> None:
    """Ask the kernel to notice a peer that vanished without a word (half-open connection) within about 30 s.

    Linux sends no probes while a request waits to be acknowledged; TCP_USER_TIMEOUT bounds that.
    """
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (("TCP_KEEPIDLE", 15), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, option):
            raw.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 30_000)


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
