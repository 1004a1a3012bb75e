"""Where Channel Access clients on this host would search, by the EPICS_CA_* variables of the client."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass

import anyio

from gateway.adapters.epics_ca.broadcasts import broadcast_address, connected_networks

_DEFAULT_PORT = "5064"
_LOOKUP_S = 1.0
"""For the address of a host name."""


@dataclass(frozen=True, slots=True)
class SearchPlaces:
    """Whom a client asks for a name.

    Attributes:
        datagram: Host and UDP port, broadcast addresses among them.
        name_servers: Host and TCP port.
    """

    datagram: tuple[tuple[str, int], ...]
    name_servers: tuple[tuple[str, int], ...]


async def search_places(variables: Mapping[str, str] = os.environ) -> SearchPlaces:
    """Addresses of EPICS_CA_ADDR_LIST, EPICS_CA_AUTO_ADDR_LIST and EPICS_CA_NAME_SERVERS.

    What cannot be resolved, or not soon, is left out, as a client leaves it out.
    """
    port = variables.get("EPICS_CA_SERVER_PORT", "").strip() or _DEFAULT_PORT
    hosts = variables.get("EPICS_CA_ADDR_LIST", "").split()
    if (variables.get("EPICS_CA_AUTO_ADDR_LIST") or "YES").strip().lower() != "no":
        hosts += await anyio.to_thread.run_sync(_broadcasts)
    return SearchPlaces(
        await _resolved(hosts, port), await _resolved(variables.get("EPICS_CA_NAME_SERVERS", "").split(), port)
    )


def _broadcasts() -> list[str]:
    networks = connected_networks()
    found = (broadcast_address(str(network.network_address), networks) for network in networks)
    return [address for address in found if address is not None]


async def _resolved(texts: list[str], default_port: str) -> tuple[tuple[str, int], ...]:
    found: list[tuple[str, int] | None] = [None] * len(texts)

    async def resolve(index: int, host: str, port: str) -> None:
        with anyio.move_on_after(_LOOKUP_S):
            try:
                first, *_others = await anyio.getaddrinfo(host, int(port), family=socket.AF_INET)
            except (OSError, ValueError):  # UnicodeError of malformed names is a ValueError
                return
            found[index] = str(first[4][0]), int(first[4][1])

    async with anyio.create_task_group() as tasks:
        for index, text in enumerate(texts):
            host, _, port = text.partition(":")
            tasks.start_soon(resolve, index, host, port or default_port)
    return tuple(dict.fromkeys(place for place in found if place is not None))
