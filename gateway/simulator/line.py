"""One simulated line: its link to the outside, its protocol and its instruments."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

import anyio
from anyio.abc import ByteStream

from gateway.model.readings import ProtocolKind
from gateway.model.stamp import Clock
from gateway.simulator.continuous_line import ContinuousLine
from gateway.simulator.instrument import Instrument
from gateway.simulator.modbus_line import ModbusLine
from gateway.simulator.register_bank import RegisterBank
from gateway.simulator.settings import LineSettings, PtyLink
from gateway.simulator.tcp_server import open_tcp_server


class Server(Protocol):
    """A link that clients can reach."""

    @property
    def endpoint(self) -> str:
        """`host:port`, or the path of a terminal."""
        ...

    @property
    def port(self) -> int | None:
        """TCP port, None on a terminal."""
        ...

    async def serve(self, attend: Callable[[ByteStream], Awaitable[None]]) -> None:
        """Let `attend` talk to each client until cancelled."""
        ...


class Line:
    """One line while it is served.

    Attributes:
        settings: As given.
        instruments: Slave address to instrument.
        banks: Slave address to what is described by its registers alone.
        conversation: The protocol at work, with its counters.
        endpoint: `host:port`, or the path of the terminal; empty until the line is open.
        port: TCP port; None until the line is open, and on a terminal.
    """

    def __init__(self, settings: LineSettings, clock: Clock) -> None:
        self.settings = settings
        self.instruments = {each.address: Instrument(each, clock) for each in settings.instruments}
        self.banks = {each.address: RegisterBank(each, clock) for each in settings.banks}
        instruments = list(self.instruments.values())
        self.conversation: ContinuousLine | ModbusLine = (
            ContinuousLine(settings, instruments[0], clock)
            if settings.protocol is ProtocolKind.CONTINUOUS
            else ModbusLine(settings, instruments, clock, list(self.banks.values()))
        )
        self.endpoint = ""
        self.port: int | None = None
        self._clients: set[anyio.CancelScope] = set()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Server]:
        """Let clients connect; they are attended once `serve` runs.

        Raises:
            LinkError: The link cannot be opened.
        """
        async with self._link() as server:
            self.endpoint, self.port = server.endpoint, server.port
            yield server

    async def serve(self, server: Server) -> None:
        """Attend clients until cancelled."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.conversation.run)
            tasks.start_soon(server.serve, self._attend)

    def drop_clients(self) -> None:
        """Close every client's connection, as a serial device server does when it restarts. They may come back."""
        for client in self._clients:
            client.cancel()

    def _link(self) -> AbstractAsyncContextManager[Server]:
        link = self.settings.link
        if isinstance(link, PtyLink):
            # Pseudo-terminals exist on POSIX systems only; the TCP lines have to work everywhere.
            from gateway.simulator.pseudo_terminal import open_pty_server

            return open_pty_server(link, self.settings.name)
        return open_tcp_server(link, self.settings.name)

    async def _attend(self, stream: ByteStream) -> None:
        with anyio.CancelScope() as scope:
            self._clients.add(scope)
            try:
                await self.conversation.attend(stream)
            except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
                return
            finally:
                self._clients.discard(scope)
