"""The shared Modbus wire: one request at a time, silence between them, retries, and no answer taken for another."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress

from gateway.errors import DamagedAnswerError, DeviceRefusedError, DeviceTimeoutError, ProtocolError
from gateway.model.bus_health import AddressHealth, BusHealth
from gateway.model.bus_spec import BusSpec
from gateway.model.readings import ProtocolKind
from gateway.model.stamp import Clock
from gateway.model.wire_load import WireLoad
from gateway.ports import Exchange
from gateway.wire.address import Address, EchoSupport
from gateway.wire.admission import Admission, Permission, PlannedUse
from gateway.wire.demotion import AddressEvent
from gateway.wire.loopback import GATEWAY_EXCEPTIONS
from gateway.wire.modbus import ModbusConnection
from gateway.wire.tap import WireTap
from gateway.wire.turn import Turns

Request = Callable[[ModbusConnection], Awaitable[Exchange]]

_MOST_ECHOES_MISSED = 3
"""Without a single answer to an echo, but answers to reads, an address is taken for one that knows no echoes."""


class SharedModbusBus:
    """All analysers of one wire talk through this object; a `ports.ModbusBus`.

    Requests are served in the order in which they came. A failed read is repeated; before anything else is asked of the
    same address, an echo with a fresh number makes sure that no earlier answer is under way. `Admission` says who may
    be asked.

    Args:
        name: Name from the settings.
        spec: The wire.
        clock: Time.
        tap: Where to listen in.
        planned: Address to what the settings ask of it; others may be asked too.
    """

    def __init__(
        self,
        name: str,
        spec: BusSpec,
        clock: Clock,
        tap: WireTap | None = None,
        planned: Mapping[int, PlannedUse] | None = None,
    ) -> None:
        self._name = name
        self._spec = spec
        self._clock = clock
        self.health = BusHealth(WireLoad(clock))
        self._admission = Admission(name, spec, dict(planned or {}), self.health.load, clock)
        tap = WireTap() if tap is None else tap
        self._turns = Turns(name, spec, clock, tap, self.health, self._admission.shortest_period_s)

    @property
    def name(self) -> str:
        """Name from the settings."""
        return self._name

    @property
    def protocol(self) -> ProtocolKind:
        """Framing on the wire."""
        return self._spec.protocol

    def address_health(self, unit: int) -> AddressHealth:
        """Live counters of one address."""
        return self._admission.address(unit).health

    async def read_input_registers(self, unit: int, address: int, count: int) -> Exchange:
        """See `ports.ModbusBus`."""
        return await self._read(unit, lambda wire: wire.read_input_registers(unit, address, count))

    async def read_holding_registers(self, unit: int, address: int, count: int) -> Exchange:
        """See `ports.ModbusBus`."""
        return await self._read(unit, lambda wire: wire.read_holding_registers(unit, address, count))

    async def read_discrete_inputs(self, unit: int, address: int, count: int) -> Exchange:
        """See `ports.ModbusBus`."""
        return await self._read(unit, lambda wire: wire.read_discrete_inputs(unit, address, count))

    async def read_coils(self, unit: int, address: int, count: int) -> Exchange:
        """See `ports.ModbusBus`."""
        return await self._read(unit, lambda wire: wire.read_coils(unit, address, count))

    async def write_coil(self, unit: int, address: int, *, on: bool) -> Exchange:
        """See `ports.ModbusBus`."""
        return await self._write(unit, lambda wire: wire.write_coil(unit, address, on=on))

    async def write_register(self, unit: int, address: int, value: int) -> Exchange:
        """See `ports.ModbusBus`."""
        return await self._write(unit, lambda wire: wire.write_register(unit, address, value))

    async def write_registers(self, unit: int, address: int, values: Sequence[int]) -> Exchange:
        """See `ports.ModbusBus`."""
        return await self._write(unit, lambda wire: wire.write_registers(unit, address, values))

    async def echo(self, unit: int, data: bytes) -> Exchange:
        """See `ports.ModbusBus`."""
        return await self._read(unit, lambda wire: wire.echo(unit, data), echo=True)

    async def aclose(self) -> None:
        """Close the wire; a later request opens it again."""
        self._turns.close()

    async def _write(self, unit: int, request: Request) -> Exchange:
        """One attempt: whoever asked decides what a lost answer means."""
        target = self._admission.address(unit)
        permission = await self._admit(target)
        await self._settle(target)
        return await self._exchange(target, request, permission.within_s)

    async def _read(self, unit: int, request: Request, *, echo: bool = False) -> Exchange:
        address = self._admission.address(unit)
        permission = await self._admit(address)
        attempts = permission.attempts
        while True:
            attempts -= 1
            try:
                if not echo:
                    await self._settle(address)
                return await self._exchange(address, request, permission.within_s, echo=echo)
            except (DeviceTimeoutError, ProtocolError) as error:
                if attempts and self._admission.may_repeat(address):
                    address.health.retries += 1
                    continue
                self._admission.exhausted(address, error.what)
                raise

    async def _admit(self, address: Address) -> Permission:
        """Ask for permission; where it wants an echo first, get that.

        Raises:
            DeviceDemotedError: The address may not be asked now, or it did not answer the echo.
        """
        permission = self._admission.permit(address)
        if not permission.echo_first:
            return permission
        try:
            await self._probe(address, permission.within_s)
        except BaseException as error:
            address.happened(AddressEvent.FAILED)
            if isinstance(error, DeviceTimeoutError | ProtocolError):
                raise self._admission.demoted(address, f"not back yet: {error.what}") from error
            raise
        return self._admission.permit(address)

    async def _probe(self, address: Address, within_s: float) -> None:
        """Ask for an echo; any answer will do, an exception included."""
        address.health.probes += 1
        number = address.next_echo()
        with suppress(DeviceRefusedError):  # it may not know echoes, but it is there
            await self._exchange(address, lambda wire: wire.echo(address.unit, number), within_s, echo=True)
        address.echo = EchoSupport.ANSWERS

    async def _settle(self, address: Address) -> None:
        """Make sure that no earlier answer can be taken for the next one.

        An instrument answers in order: once it has echoed a fresh number, nothing older is under way. It is asked for a
        first echo while all is well, so that a lost one is not mistaken for one that it does not know. An instrument
        that answers no echoes is left alone until any answer would be twice as late as it may be. Modbus TCP numbers
        its transactions.
        """
        late = address.unsettled
        if self._spec.protocol is ProtocolKind.MODBUS_TCP or not (late or address.echo is EchoSupport.UNKNOWN):
            return
        timeout_ns = round(self._spec.timeout_s * 1e9)
        if address.echo is not EchoSupport.SILENT:
            asked_ns = self._clock.monotonic_ns()
            try:
                await self._probe(address, self._admission.echo_within_s(address))
            except (DeviceTimeoutError, DamagedAnswerError) as error:
                if address.echo is EchoSupport.ANSWERS:
                    raise
                address.echoes_missed += 1
                if isinstance(error, DeviceTimeoutError):  # a slow one may still be at it
                    await self._clock.sleep_until(asked_ns + timeout_ns)
            else:
                return
        if late:
            await self._clock.sleep_until(address.asked_ns + 2 * timeout_ns)
        address.unsettled = False

    async def _exchange(self, address: Address, request: Request, within_s: float, *, echo: bool = False) -> Exchange:
        """One request and its answer, with everything that is counted."""
        health = address.health
        async with self._turns.next() as wire:
            wire.answer_within_s = within_s
            started_ns = self._clock.monotonic_ns()
            health.requests += 1
            self._admission.asked(address, within_s)
            if not echo:
                address.asked_ns = started_ns
            address.unsettled = True  # until an answer has come; a cancelled request leaves it so
            try:
                exchange = await request(wire)
                address.unsettled = False
            except DeviceRefusedError as error:
                health.exceptions[error.code] = health.exceptions.get(error.code, 0) + 1
                if error.code not in GATEWAY_EXCEPTIONS:
                    address.unsettled = False
                    raise
                raise DeviceTimeoutError(error.what, where=error.where, hint=error.hint) from error
            except DeviceTimeoutError:
                health.timeouts += 1
                raise
            except DamagedAnswerError as error:
                health.damaged += 1
                health.last_raw = error.raw
                raise
            finally:
                health.strays += wire.take_strays()
                took_ns = self._clock.monotonic_ns() - started_ns
                self._admission.book(address, took_ns, answered=not address.unsettled)
        health.last_good = exchange.received
        health.last_raw = exchange.raw
        if not echo:
            health.response_ns.add(max(0, exchange.received.monotonic_ns - exchange.requested.monotonic_ns))
            if address.echo is EchoSupport.UNKNOWN and address.echoes_missed >= _MOST_ECHOES_MISSED:
                address.echo = EchoSupport.SILENT
        return exchange
