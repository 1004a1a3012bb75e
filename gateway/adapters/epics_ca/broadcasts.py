"""Broadcast addresses of the networks that this machine is connected to.

A socket bound to one address hears no broadcasts on POSIX systems, so a server on one address needs a second one, bound
to the broadcast address of that network; EPICS base does the same (`rsrv`). Linux tells the networks in its routing
table. On other systems there are none here; Windows needs none.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

_ROUTING_TABLE = Path("/proc/net/route")
_REJECT = 0x200
_MOST_SPECIFIC = 30
"""Prefix length of the smallest network that has a broadcast address."""


def connected_networks() -> list[IPv4Network]:
    """Networks without a router in between, the loopback aside; none where the system does not tell."""
    try:
        table = _ROUTING_TABLE.read_text()
    except OSError:
        return []
    return parse_routes(table)


def parse_routes(table: str) -> list[IPv4Network]:
    """Networks of a routing table in the form of Linux's `/proc/net/route`."""
    found: dict[IPv4Network, None] = {}
    for line in table.splitlines()[1:]:
        _interface, destination, router, flags, _used, _use, _metric, mask, *_ = line.split()
        if int(router, 16) == 0 and not int(flags, 16) & _REJECT:
            network = IPv4Network((_address(destination), str(IPv4Address(_address(mask)))))
            if 0 < network.prefixlen <= _MOST_SPECIFIC and not network.is_multicast:
                found[network] = None
    return list(found)


def broadcast_address(interface: str, networks: Sequence[IPv4Network]) -> str | None:
    """Broadcast address of the smallest of the networks that an address of this machine lies in; None without one."""
    own = [network for network in networks if IPv4Address(interface) in network]
    if not own:
        return None
    return str(max(own, key=lambda network: network.prefixlen).broadcast_address)


def _address(field: str) -> bytes:
    """The kernel prints an address as a number of its own byte order."""
    return struct.pack("=I", int(field, 16))
