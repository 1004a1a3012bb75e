"""At the start: does another server on the network have the same PV names?

Clients would connect to whichever answers first, and libca warns of it on every connection. Two gateways that start at
the same moment do not find each other.
"""

from __future__ import annotations

import asyncio
import logging
import math
import socket
import sys
from collections.abc import Mapping, Sequence

import anyio

from gateway.adapters.epics_ca.client_addresses import SearchPlaces, search_places
from gateway.adapters.epics_ca.search_messages import answers, datagrams, greeting, search
from gateway.adapters.epics_ca.settings import DuplicateNames
from gateway.errors import AdapterError

MOST_NAMES = 200
"""Names asked for; of more, as many evenly spread ones. Some 10 datagrams for each address and round."""

MOST_ADDRESSES = 16
"""Of each kind; the first ones count."""

PATIENCE_S = 0.6
_SECOND_ROUND_S = 0.2
_MOST_LISTED = 5
_IP_RECVERR = 11
"""Linux, `ip(7)`: tell an unconnected socket as well that nobody listens there."""

_LOG = logging.getLogger("gateway.adapters.epics_ca")


def sample(names: Sequence[str], most: int = MOST_NAMES) -> list[str]:
    """At most that many of the names, evenly spread."""
    step = max(1, math.ceil(len(names) / most))
    return list(names[::step])


async def look_for_duplicates(names: Sequence[str], duplicates: DuplicateNames, own_port: int) -> None:
    """Search for names that are to be served here, and warn or refuse as the settings say.

    Args:
        names: PV names.
        duplicates: What to do.
        own_port: TCP port of the server that is to start; what a name server remembers of it is no duplicate.

    Raises:
        AdapterError: There are some, and the settings refuse them.
    """
    if duplicates is DuplicateNames.IGNORE:
        return
    asked = sample(names)
    found = await find_elsewhere(asked, await search_places(), own_port)
    if not found:
        return
    listed = ", ".join(f"{name} at {place}" for name, place in list(found.items())[:_MOST_LISTED])
    more = f" and {len(found) - _MOST_LISTED} more" if len(found) > _MOST_LISTED else ""
    what = f"{len(found)} of {len(asked)} PV names searched for are served elsewhere as well: {listed}{more}"
    hint = "stop the other server, or change `prefix` or `name`"
    if duplicates is DuplicateNames.REFUSE:
        raise AdapterError(what, where="epics_ca", hint=f"{hint}; `duplicate_names: warn` serves nevertheless")
    _LOG.warning("%s; clients may get either: %s", what, hint)


async def find_elsewhere(names: Sequence[str], places: SearchPlaces, own_port: int) -> Mapping[str, str]:
    """Names that other servers have, in the order given, to `host:port` of the first server that said so.

    It takes `PATIENCE_S`, less where all that is asked is known to be deaf.
    """
    search_of = _Search(names, own_port)
    with anyio.move_on_after(PATIENCE_S):
        async with anyio.create_task_group() as tasks:
            for address in places.datagram[:MOST_ADDRESSES]:
                tasks.start_soon(search_of.by_datagram, address)
            for address in places.name_servers[:MOST_ADDRESSES]:
                tasks.start_soon(search_of.by_name_server, address)
    return {names[channel]: place for channel, place in sorted(search_of.found.items())}


class _Search:
    """One search for some names at many places."""

    def __init__(self, names: Sequence[str], own_port: int) -> None:
        self.found: dict[int, str] = {}
        self._searches = [search(name, channel) for channel, name in enumerate(names)]
        self._own_port = own_port

    def take(self, data: bytes, sender: str) -> bytes:
        """Take what a server has sent; returns the half message at the end."""
        heard, rest = answers(data, sender)
        for channel, host, port in heard:
            if channel < len(self._searches) and not (port == self._own_port and _is_here(host)):
                self.found.setdefault(channel, f"{host}:{port}")
        return rest

    async def by_datagram(self, address: tuple[str, int]) -> None:
        """Ask one address twice, and listen until nobody is there or time is up."""
        with _datagram_socket() as asking:
            transport, listener = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: _Listener(self), sock=asking
            )
            try:
                for pause in (_SECOND_ROUND_S, PATIENCE_S):
                    missing = [one for channel, one in enumerate(self._searches) if channel not in self.found]
                    for datagram in datagrams(missing):
                        transport.sendto(datagram, address)
                    with anyio.move_on_after(pause):
                        await listener.deaf.wait()
                        return
            finally:
                transport.close()

    async def by_name_server(self, address: tuple[str, int]) -> None:
        """Ask one name server over TCP, and listen until time is up."""
        host, port = address
        try:
            async with await anyio.connect_tcp(host, port) as stream:
                await stream.send(greeting() + b"".join(self._searches))
                rest = b""
                while True:
                    rest = self.take(rest + await stream.receive(), host)
        except (OSError, anyio.EndOfStream, anyio.BrokenResourceError):
            return


class _Listener(asyncio.DatagramProtocol):
    def __init__(self, asker: _Search) -> None:
        self._asker = asker
        self.deaf = anyio.Event()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._asker.take(data, addr[0])

    def error_received(self, exc: Exception) -> None:  # noqa: ARG002  whatever it is, nobody can be asked there
        self.deaf.set()


def _datagram_socket() -> socket.socket:
    asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    asking.setblocking(False)
    asking.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    if sys.platform == "linux":
        asking.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
    return asking


def _is_here(host: str) -> bool:
    """Whether an address is one of this machine: only those can be bound to."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((host, 0))
        except OSError:
            return False
        return True
