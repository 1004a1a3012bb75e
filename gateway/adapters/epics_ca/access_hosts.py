"""What stands behind the hosts of access rules: addresses and networks as they are, names as the system knows them."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterable
from ipaddress import IPv4Network

import anyio
import anyio.to_thread

from gateway.adapters.epics_ca.access_rules import Addresses

KNOWN_WITHIN_S = 5.0
"""Seconds that names are waited for; one that is not known by then matches nobody until it is."""

_AT_ONCE = 4
_LOG = logging.getLogger(__name__)


class HostAddresses:
    """Looks names up in threads, and remembers which of them it has complained about."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[IPv4Network, ...]] = {}
        self._unknown: set[str] = set()
        self._threads = anyio.CapacityLimiter(_AT_ONCE)

    async def look_up(self, hosts: Iterable[str]) -> Addresses:
        """Addresses of every host, in bounded time.

        A name that is not known has none, so that it matches nobody; one that was known keeps its addresses while it
        cannot be looked up. The log says once when a name is not known, and once when it is again.
        """
        found: dict[str, tuple[IPv4Network, ...]] = {}
        with anyio.move_on_after(KNOWN_WITHIN_S):
            async with anyio.create_task_group() as tasks:
                for host in hosts:
                    literal = _literal(host)
                    if literal is None:
                        tasks.start_soon(self._find, host, found)
                    else:
                        found[host] = (literal,)
        for host in hosts:
            self._tell(host, known=host in found)
        self._known = {host: found.get(host, self._known.get(host, ())) for host in hosts}
        return self._known

    async def _find(self, host: str, found: dict[str, tuple[IPv4Network, ...]]) -> None:
        try:
            addresses = await anyio.to_thread.run_sync(_addresses, host, abandon_on_cancel=True, limiter=self._threads)
        except (OSError, UnicodeError):
            return
        found[host] = addresses

    def _tell(self, host: str, *, known: bool) -> None:
        if known and host in self._unknown:
            self._unknown.discard(host)
            _LOG.warning("access security: host %s is known again", host)
        elif not known and host not in self._unknown:
            self._unknown.add(host)
            kept = "its last addresses count" if self._known.get(host) else "it matches nobody until it is known"
            _LOG.warning("access security: host %s is not known; %s", host, kept)


def _literal(host: str) -> IPv4Network | None:
    try:
        return IPv4Network(host)
    except ValueError:
        return None


def _addresses(host: str) -> tuple[IPv4Network, ...]:
    """Every IPv4 address of a name, in a fixed order. Blocks."""
    found = socket.getaddrinfo(host, None, family=socket.AF_INET, type=socket.SOCK_STREAM)
    return tuple(IPv4Network(address) for address in sorted({str(entry[4][0]) for entry in found}))
