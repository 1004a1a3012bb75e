"""Whose turn it is on a wire: exclusion, the silence owed before each request, and opening what was lost."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from gateway.errors import LinkError
from gateway.model.bus_health import BusHealth
from gateway.model.bus_spec import BusSpec, LinkKind
from gateway.model.reopen_pause import ReopenPause
from gateway.model.stamp import Clock
from gateway.wire.modbus import ModbusConnection, open_modbus
from gateway.wire.tap import WireTap

_NOT_QUIET_S = 2.0
_DEAF_S = 15.0
"""After this long without a byte from anybody a network connection is suspected to be half open, and is renewed."""


class Turns:
    """Gives the open wire to one request at a time, in the order in which they came.

    The wire is opened by the first request and reopened by later ones after a loss, with growing pauses; in between
    requests fail at once. Loss and return are logged once each.

    Args:
        name: Name of the bus.
        spec: The wire.
        clock: Time.
        tap: Where to listen in.
        health: Counters of the wire, which it keeps.
        period_s: Shortest period at which an address on it is swept.
    """

    def __init__(
        self, name: str, spec: BusSpec, clock: Clock, tap: WireTap, health: BusHealth, period_s: float
    ) -> None:
        self._health = health
        self._name = name
        self._spec = spec
        self._clock = clock
        self._tap = tap
        self._turn = anyio.Lock(fast_acquire=True)
        self._connection: ModbusConnection | None = None
        self._pause = ReopenPause(period_s)
        self._reopen_at_ns = 0
        self._reason = ""
        self._log = logging.getLogger(f"gateway.wire.bus.{name}")

    @asynccontextmanager
    async def next(self) -> AsyncIterator[ModbusConnection]:
        """The open, quiet wire for the length of a block.

        Raises:
            LinkError: It cannot be opened, or was lost.
            ProtocolError: Somebody else does not stop talking on it.
        """
        async with self._turn:
            wire = await self._open()
            started_ns = self._clock.monotonic_ns()
            try:
                await wire.quiet(self._spec.idle_gap_ms / 1000, _NOT_QUIET_S)
                yield wire
            except LinkError as error:
                self._lost(error)
                raise
            finally:
                self._health.load.add(self._clock.monotonic_ns() - started_ns)
                if wire.lost or self._deaf(wire):
                    self.close()

    def close(self) -> None:
        """Close the wire; the next turn opens it again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._health.is_open = False

    def _deaf(self, wire: ModbusConnection) -> bool:
        if self._spec.parsed_link.kind is LinkKind.SERIAL:
            return False
        return self._clock.monotonic_ns() - wire.last_byte.monotonic_ns > _DEAF_S * 1e9

    async def _open(self) -> ModbusConnection:
        if self._connection is not None and not self._connection.lost:
            return self._connection
        self.close()
        if self._clock.monotonic_ns() < self._reopen_at_ns:
            raise LinkError(self._reason, where=f"bus {self._name} ({self._spec.link})", hint="waiting to reopen")
        try:
            self._connection = await open_modbus(self._name, self._spec, self._clock, self._tap)
        except LinkError as error:
            self._lost(error)
            raise
        self._health.openings += 1
        self._health.is_open = True
        if self._reason or self._health.openings == 1:
            self._log.log(logging.WARNING if self._reason else logging.INFO, "open: %s", self._spec.link)
        self._reason = ""
        self._pause.reset()
        return self._connection

    def _lost(self, error: LinkError) -> None:
        if not self._reason:
            self._log.error("down: %s", error)
            self._health.losses += 1
        self._reason = error.what
        self._reopen_at_ns = self._clock.monotonic_ns() + self._pause.next_ns()
        self.close()
