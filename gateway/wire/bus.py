"""The shared Modbus wire: one request at a time, silence between them, retries, and reopening after a loss."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

import anyio

from gateway.errors import DeviceRefusedError, DeviceTimeoutError, LinkError, ProtocolError
from gateway.model.bus_spec import BusSpec
from gateway.model.readings import ProtocolKind
from gateway.model.reopen_pause import ReopenPause
from gateway.model.stamp import Clock
from gateway.ports import Exchange
from gateway.wire.modbus import ModbusConnection, open_modbus
from gateway.wire.silence import SilentAddresses

_NOT_QUIET_S = 2.0

Request = Callable[[ModbusConnection], Awaitable[Exchange]]


class SharedModbusBus:
    """All analysers of one wire talk through this object; a `ports.ModbusBus`.

    A silent address is set aside for growing pauses, so that it costs its neighbours little; see `SilentAddresses`.

    The wire is opened by the first request and reopened by later ones after a loss, at most every 0.5 to 5 s; in
    between requests fail at once. Requests are served in the order in which they came.
    """

    def __init__(self, name: str, spec: BusSpec, clock: Clock) -> None:
        self._name = name
        self._spec = spec
        self._clock = clock
        self._turn = anyio.Lock(fast_acquire=True)
        self._connection: ModbusConnection | None = None
        self._reopen_pause = ReopenPause()
        self._reopen_at_ns = 0
        self._reason = ""
        self._silent = SilentAddresses(spec.timeout_s, f"bus {name} ({spec.link})")
        self._log = logging.getLogger(f"gateway.wire.bus.{name}")

    @property
    def name(self) -> str:
        """Name from the settings."""
        return self._name

    @property
    def protocol(self) -> ProtocolKind:
        """Framing on the wire."""
        return self._spec.protocol

    async def read_input_registers(self, unit: int, address: int, count: int) -> Exchange:
        """See `ports.ModbusBus`."""
        return await self._read(unit, lambda wire: wire.read_input_registers(unit, address, count))

    async def read_discrete_inputs(self, unit: int, address: int, count: int) -> Exchange:
        """See `ports.ModbusBus`."""
        return await self._read(unit, lambda wire: wire.read_discrete_inputs(unit, address, count))

    async def read_coils(self, unit: int, address: int, count: int) -> Exchange:
        """See `ports.ModbusBus`."""
        return await self._read(unit, lambda wire: wire.read_coils(unit, address, count))

    async def write_coil(self, unit: int, address: int, *, on: bool) -> Exchange:
        """See `ports.ModbusBus`."""
        return await self._once(lambda wire: wire.write_coil(unit, address, on=on))

    async def echo(self, unit: int, data: bytes) -> Exchange:
        """See `ports.ModbusBus`."""
        return await self._read(unit, lambda wire: wire.echo(unit, data))

    async def aclose(self) -> None:
        """Close the wire; a later request opens it again."""
        self._drop()

    async def _read(self, unit: int, request: Request) -> Exchange:
        """Repeat a failed read; the turn is given up in between, so that a neighbour waits for one timeout only.

        An address that was silent the last time gets one attempt.
        """
        self._silent.admit(unit, self._clock.monotonic_ns())
        attempts = 1 if unit in self._silent else self._spec.attempts
        while True:
            attempts -= 1
            try:
                exchange = await self._once(request)
            except (DeviceTimeoutError, ProtocolError) as error:
                if attempts:
                    continue
                if isinstance(error, DeviceTimeoutError):
                    self._silent.failed(unit, self._clock.monotonic_ns())
                raise
            except DeviceRefusedError:
                self._silent.answered(unit)
                raise
            self._silent.answered(unit)
            return exchange

    async def _once(self, request: Request) -> Exchange:
        async with self._turn:
            wire = await self._open()
            try:
                await wire.quiet(self._spec.idle_gap_ms / 1000, _NOT_QUIET_S)
                return await request(wire)
            except LinkError as error:
                self._lost(error)
                raise
            finally:
                if wire.lost:
                    self._drop()

    async def _open(self) -> ModbusConnection:
        if self._connection is not None and not self._connection.lost:
            return self._connection
        self._drop()
        if self._clock.monotonic_ns() < self._reopen_at_ns:
            raise LinkError(self._reason, where=f"bus {self._name} ({self._spec.link})", hint="waiting to reopen")
        try:
            self._connection = await open_modbus(self._name, self._spec, self._clock)
        except LinkError as error:
            self._lost(error)
            raise
        self._log.log(logging.WARNING if self._reason else logging.INFO, "open: %s", self._spec.link)
        self._reason = ""
        self._reopen_pause.reset()
        return self._connection

    def _lost(self, error: LinkError) -> None:
        if not self._reason:
            self._log.error("down: %s", error)
        self._reason = error.what
        self._reopen_at_ns = self._clock.monotonic_ns() + self._reopen_pause.next_ns()
        self._drop()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
