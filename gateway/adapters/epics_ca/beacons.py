"""Beacons: datagrams that tell clients of a server that has just come up, so that they search at once."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network

import anyio

from gateway.adapters.epics_ca.broadcasts import broadcast_address
from gateway.adapters.epics_ca.engine import ca
from gateway.adapters.epics_ca.environment import EVERY_INTERFACE, Reach
from gateway.errors import AdapterError

_FIRST_PERIOD = 0.02
_BACK_OFF = 2.0
_LIMITED_BROADCAST = "255.255.255.255"
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


def beacon_targets(
    reach: Reach, listed: Sequence[tuple[str, int]], networks: Sequence[IPv4Network]
) -> Mapping[str, Sequence[tuple[str, int]]]:
    """Who is told of each interface: the same who are listed, and its own network; interfaces with nobody are left out.

    Args:
        reach: Interfaces, and whether their networks are told.
        listed: Addresses and ports of those who are told in any case.
        networks: Networks that this machine is connected to.
    """
    targets: dict[str, list[tuple[str, int]]] = {}
    for interface in reach.interfaces:
        told = list(listed)
        if reach.broadcast_beacons:
            told += [(address, reach.beacon_port) for address in _broadcasts(interface, networks)]
        if told:
            targets[interface] = list(dict.fromkeys(told))
    return targets


def _broadcasts(interface: str, networks: Sequence[IPv4Network]) -> list[str]:
    if interface == EVERY_INTERFACE:
        return [str(network.broadcast_address) for network in networks] or [_LIMITED_BROADCAST]
    if IPv4Address(interface).is_loopback:
        return [interface]
    return [broadcast_address(interface, networks) or _LIMITED_BROADCAST]


async def send_beacons(interface: str, addresses: Sequence[tuple[str, int]], port: int, longest_period: float) -> None:
    """Send beacons until cancelled: 20 ms apart at first, then ever more rarely (CA protocol, Beacons).

    An unconnected socket hears nothing of targets where nobody listens, so beacons to them are silent.

    Args:
        interface: Own address to send from, for that is where the receivers think the server to be.
        addresses: Where to.
        port: TCP port of the server.
        longest_period: Seconds between beacons in the long run.
    """
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    sender.setblocking(False)
    sender.bind((interface, 0))
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
