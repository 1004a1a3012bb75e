"""Life of the Channel Access server: sockets, searches, circuits and beacons in one task group."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any

import anyio
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint
from caproto.server.common import Context

from gateway.adapters.epics_ca.access_control import AccessControl
from gateway.adapters.epics_ca.asked_filters import asked_filters, split_name
from gateway.adapters.epics_ca.beacons import beacon_targets, resolve, send_beacons
from gateway.adapters.epics_ca.broadcasts import connected_networks
from gateway.adapters.epics_ca.channel_filters import filtered
from gateway.adapters.epics_ca.circuit import Circuit
from gateway.adapters.epics_ca.connection import Connection
from gateway.adapters.epics_ca.delivery import Delivery
from gateway.adapters.epics_ca.engine import ca
from gateway.adapters.epics_ca.environment import reach
from gateway.adapters.epics_ca.lobby import Lobby
from gateway.adapters.epics_ca.records import Record
from gateway.adapters.epics_ca.refusals import Refusals
from gateway.adapters.epics_ca.search import BroadcastListener, SearchResponder
from gateway.adapters.epics_ca.search_budget import SearchBudget
from gateway.adapters.epics_ca.settings import ChannelAccessSettings
from gateway.adapters.epics_ca.sockets import BACKLOG, ServerSockets, bind
from gateway.adapters.epics_ca.values import ReadOnlyValue
from gateway.errors import AdapterError

_AT_ONCE = 4
"""Clients let in in one turn of the event loop: each takes a fraction of a millisecond, and a tick must not wait."""


class Server(Context):
    """One run of the server.

    Args:
        records: Records by PV name; they outlive the server.
        settings: How to be reached.
        alongside: What runs as long as the server does.
        refusals: Where it is counted what clients were refused; it outlives the server.
        access: Who may read and write; by default everybody may read, and try the commands.

    Raises:
        AdapterError: An EPICS_CA* variable of the environment cannot be used.
    """

    def __init__(
        self,
        records: Mapping[str, Record],
        settings: ChannelAccessSettings,
        alongside: Sequence[Callable[[], Coroutine[Any, Any, None]]] = (),
        refusals: Refusals | None = None,
        access: AccessControl | None = None,
    ) -> None:
        try:
            self.reach = reach(settings)
            super().__init__(dict(records), list(self.reach.interfaces))  # type: ignore[no-untyped-call]
        except (ca.CaprotoError, ValueError) as error:
            raise AdapterError(
                f"the EPICS environment cannot be used: {error}", where="epics_ca", hint="correct the variable"
            ) from error
        self._alongside = alongside
        self.limits = settings.limits
        self.refusals: Refusals = Refusals() if refusals is None else refusals
        self.access = AccessControl() if access is None else access
        self.delivery = Delivery()
        self.tcp_port: int = self.reach.port
        """Port of the circuits; before the server runs, the one that is asked for."""
        self.coalesced = 0
        """Events that clients who have left since did not get because newer ones came."""
        self._turn = asyncio.Lock()
        self.lobby = Lobby(self.limits, self.refusals, self._begin)
        """Clients without a circuit."""
        self.background: TaskGroup | None = None
        """Owner of what goes on although its client has left, and ends with the server; None before that runs."""

    async def serve(self, ready: Callable[[tuple[str, ...]], None]) -> None:
        """Serve until cancelled.

        Args:
            ready: Called with `host:port` of every interface once clients can connect.

        Raises:
            AdapterError: The server cannot start.
        """
        networks = connected_networks()
        listed = await resolve(self.reach.beacons, self.reach.beacon_port)
        beacons = beacon_targets(self.reach, listed, networks)
        await self.access.prepare()
        sockets = bind(self.interfaces, self.reach.port, networks)
        self.port = self.tcp_port = sockets.port
        try:
            async with anyio.create_task_group() as tasks:
                self.background = tasks
                for run in self._alongside:
                    tasks.start_soon(run)
                tasks.start_soon(self.access.follow, self._tell_rights)
                tasks.start_soon(self.lobby.run)
                closing = await self._open(sockets)
                try:
                    for interface, targets in beacons.items():
                        period = self.reach.beacon_period_s
                        tasks.start_soon(send_beacons, interface, targets, self.port, period)
                    ready(tuple(f"{interface}:{self.port}" for interface in self.interfaces))
                    await anyio.sleep_forever()
                finally:
                    for close in closing:
                        close()
        finally:
            sockets.close()

    async def _open(self, sockets: ServerSockets) -> list[Callable[[], None]]:
        loop = asyncio.get_running_loop()
        closing: list[Callable[[], None]] = [self.lobby.close]
        budget = SearchBudget(self.limits.search_datagrams_per_s)
        answering = (self, sockets.port, budget, self.reach.ignored, self.refusals)
        for searches, broadcasts in zip(sockets.udp, sockets.broadcast, strict=True):
            transport, responder = await loop.create_datagram_endpoint(
                partial(SearchResponder, *answering), sock=searches
            )
            closing.append(transport.close)
            if broadcasts is not None:
                ears, _ = await loop.create_datagram_endpoint(partial(BroadcastListener, responder), sock=broadcasts)
                closing.append(ears.close)
        make = partial(Connection, self.lobby, self.limits)
        for listener in sockets.tcp:
            server = await loop.create_server(make, sock=listener, backlog=_AT_ONCE)
            listener.listen(BACKLOG)  # asyncio takes one number for two things
            closing.append(server.close)
        return closing

    def _begin(self, connection: Connection, host: str) -> None:
        if self.background is not None:
            self.background.start_soon(self._serve_client, connection, host)

    async def _serve_client(self, connection: Connection, host: str) -> None:
        try:
            await self.turn()
            circuit = Circuit(connection, self)
            self.circuits.add(circuit)
            try:
                await circuit.serve()
            finally:
                self.circuits.discard(circuit)
                self.coalesced += circuit.outbox.coalesced
        finally:
            connection.abort()
            self.lobby.leave(host)

    async def _tell_rights(self) -> None:
        """The rules have changed: let every client know what that means for it, one in each turn."""
        for circuit in tuple(self.circuits):
            await self.turn()
            if circuit in self.circuits:
                await circuit.tell_rights()

    async def turn(self) -> None:
        """Wait to serve a client: one of them, and a little of what it asks for, in one turn of the event loop.

        Who comes and who leaves waits, too, or a thousand at once would make a tick late.
        """
        async with self._turn:
            await checkpoint()

    def __getitem__(self, name: str) -> ReadOnlyValue:
        """The record or field of that name, as its channel filters show it.

        Raises:
            KeyError: None of that name, or its filter is malformed.
        """
        record: Record | None = self.pvdb.get(name)
        if record is not None:
            return record
        record = self.pvdb[name.partition(".")[0]]
        plain, text = split_name(name)
        try:
            _whole, _record, field, modifiers = ca.parse_record_field(plain)
            filters = asked_filters(text)
        except Exception as error:  # a filter is JSON of the client's making, and fails in many ways
            raise KeyError(name) from error
        value = record if not field else record.get_field(field)
        is_long_string = modifiers is not None and ca.RecordModifiers.long_string in modifiers.modifiers
        if is_long_string and value.data_type is not ca.ChannelType.STRING:
            raise KeyError(name)
        return filtered(record, value, filters)

    def __contains__(self, name: object) -> bool:
        """Whether a client can connect to that name."""
        try:
            self[str(name)]
        except KeyError:
            return False
        return True
