"""Beacons: datagrams that tell clients of a server that has just come up, so that they search at once."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence

import anyio

from gateway.adapters.epics_ca.engine import ca
from gateway.errors import AdapterError

_FIRST_PERIOD = 0.02
_BACK_OFF = 2.0
_VERSION = ca.DEFAULT_PROTOCOL_VERSION
_SENDER = "0.0.0.0"  # noqa: S104  the receiver puts the address in that the datagram came from


async def resolve(targets: Sequence[str], default_port: int) -> list[tuple[str, int]]:
    """Addresses of `host` or `host:port` texts.

    Raises:
        AdapterError: A host name is not known.
    """
    addresses: list[tuple[str, int]] = []
    for target in targets:
        host, _, port = target.partition(":")
        try:
            found = await anyio.getaddrinfo(host, int(port or default_port), family=socket.AF_INET)
        except OSError as error:
            raise AdapterError(
                f"beacon target '{target}' is not known: {error}", where="epics_ca", hint="correct `beacons`, or use []"
            ) from error
        address, number = found[0][4][:2]
        addresses.append((str(address), int(number)))
    return addresses


async def send_beacons(addresses: Sequence[tuple[str, int]], port: int, longest_period: float) -> None:
    """Send beacons until cancelled: 20 ms apart at first, then ever more rarely (CA protocol, Beacons).

    An unconnected socket hears nothing of targets where nobody listens, so beacons to them are silent.

    Args:
        addresses: Where to.
        port: TCP port of the server.
        longest_period: Seconds between beacons in the long run.
    """
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    sender.setblocking(False)
    transport, _protocol = await asyncio.get_running_loop().create_datagram_endpoint(
        asyncio.DatagramProtocol, sock=sender
    )
    try:
        period, number = _FIRST_PERIOD, 0
        while True:
            beacon = bytes(ca.Beacon(_VERSION, port, number & 0xFFFF_FFFF, _SENDER))
            for address in addresses:
                transport.sendto(beacon, address)
            await anyio.sleep(period)
            period, number = min(period * _BACK_OFF, longest_period), number + 1
    finally:
        transport.close()
