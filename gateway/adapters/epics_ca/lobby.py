"""Clients that are connected and have not asked for anything: most of those that come by the thousand never will.

A circuit takes some hundred objects of the engine; here a client takes a place in a table. It gets its circuit with the
first request after its greeting.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from struct import Struct

import anyio

from gateway.adapters.epics_ca.connection import Connection
from gateway.adapters.epics_ca.engine import ca
from gateway.adapters.epics_ca.limits import Limits
from gateway.adapters.epics_ca.refusals import Refusal, Refusals
from gateway.model.client_places import QUIET_S, ClientPlaces

_LOG = logging.getLogger("gateway.adapters.epics_ca")
_HEADER = Struct(">HHHHII")
_COMMAND_AND_SIZE = Struct(">HH")
_VERSION = 0
_LONGEST_STEP_S = 1.0
_AT_ONCE = 10
"""Connections closed in one turn of the event loop, each in some 50 us."""


class Lobby:
    """Where clients wait; see `Entrance`.

    Args:
        limits: How many, and how long.
        refusals: Where it is counted who was turned away.
        begin: Takes a client that has asked for something, and its address; that gives the place back.
    """

    def __init__(self, limits: Limits, refusals: Refusals, begin: Callable[[Connection, str], None]) -> None:
        self._limits = limits
        self._refusals = refusals
        self._begin = begin
        self._places = ClientPlaces(limits.circuits, _LOG, per_address=limits.circuits_per_address)
        self._silent: dict[Connection, float] = {}
        """Until when each may be, in the order of these times."""
        self._greeted: dict[Connection, float] = {}
        self._hosts: dict[Connection, str] = {}
        self._ending: deque[Connection] = deque()
        # On a reconnection by name server, libca waits for this before it says anything; base sends it likewise.
        self._greeting = bytes(ca.VersionResponse(ca.DEFAULT_PROTOCOL_VERSION))
        self._told_stuck_at = -QUIET_S

    def __len__(self) -> int:
        return len(self._hosts)

    def came(self, connection: Connection) -> None:
        """See `Entrance`."""
        host, _port = connection.getpeername()
        if not self._places.enter(host):
            self._refusals[Refusal.CIRCUIT] += 1
            connection.abort()
            return
        self._hosts[connection] = host
        self._silent[connection] = time.monotonic() + self._limits.greeting_s
        connection.write(self._greeting)

    def heard(self, connection: Connection) -> None:
        """See `Entrance`."""
        said = connection.said
        if connection not in self._hosts or len(said) < _HEADER.size:
            return
        if len(said) == _HEADER.size and _COMMAND_AND_SIZE.unpack_from(said) == (_VERSION, 0):
            del self._silent[connection]
            self._greeted[connection] = time.monotonic() + self._limits.idle_s
            return
        host = self._forget(connection)
        connection.is_taken = True
        self._begin(connection, host)

    def ended(self, connection: Connection) -> None:
        """See `Entrance`; where thousands leave at once, a tick does not wait until they all are out."""
        if not self._ending:
            asyncio.get_running_loop().call_soon(self._close_some)
        self._ending.append(connection)

    def _close_some(self) -> None:
        for _ in range(min(_AT_ONCE, len(self._ending))):
            self._ending.popleft().close()
        if self._ending:
            asyncio.get_running_loop().call_soon(self._close_some)

    def left(self, connection: Connection) -> None:
        """See `Entrance`."""
        if connection in self._hosts:
            self.leave(self._forget(connection))

    def stuck(self, connection: Connection) -> None:
        """See `Entrance`."""
        self._refusals[Refusal.STUCK] += 1
        now = time.monotonic()
        if now - self._told_stuck_at >= QUIET_S:
            host, port = connection.getpeername()
            _LOG.warning(
                "%s:%d disconnected: for %g s more than %d bytes have waited for it",
                host,
                port,
                self._limits.unsent_s,
                self._limits.unsent_bytes,
            )
        self._told_stuck_at = now
        connection.abort()

    def leave(self, host: str) -> None:
        """Give the place of a client of that address back."""
        self._places.leave(host)

    async def run(self) -> None:
        """Send those away who have been silent for too long, until cancelled."""
        step_s = min(_LONGEST_STEP_S, self._limits.greeting_s / 4, self._limits.idle_s / 4)
        while True:
            await anyio.sleep(step_s)
            now = time.monotonic()
            for waiting in (self._silent, self._greeted):
                late = []
                for connection, until in waiting.items():
                    if until > now:
                        break
                    late.append(connection)
                for connection in late:
                    self._refusals[Refusal.SILENT] += 1
                    self.left(connection)
                    connection.abort()

    def close(self) -> None:
        """Send everybody away."""
        for connection in tuple(self._hosts):
            self.left(connection)
            connection.close()

    def _forget(self, connection: Connection) -> str:
        self._silent.pop(connection, None)
        self._greeted.pop(connection, None)
        return self._hosts.pop(connection)
