"""The shared Modbus wire: one request at a time, silence between them, retries, and no address at others' expense."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from gateway.errors import (
    DamagedAnswerError,
    DeviceDemotedError,
    DeviceRefusedError,
    DeviceTimeoutError,
    GatewayError,
    ProtocolError,
)
from gateway.model.bus_health import AddressHealth, AddressState, BusHealth
from gateway.model.bus_spec import BusSpec
from gateway.model.readings import ProtocolKind
from gateway.model.stamp import Clock
from gateway.ports import Exchange
from gateway.wire.address import Address, EchoSupport
from gateway.wire.demotion import AddressEvent
from gateway.wire.excess_time import LEAST_SHARE, SHARE_OF_IDLE, ExcessTime
from gateway.wire.modbus import ModbusConnection
from gateway.wire.tap import WireTap
from gateway.wire.turn import Turns

Request = Callable[[ModbusConnection], Awaitable[Exchange]]

_ECHO_BYTES = 8
_TURNAROUNDS = 4
"""An answer that takes longer than this many times the usual turnaround is slow."""

_SHORTEST_PROBE_S = 0.1
_GATEWAY_ECHOES = (10, 11)
"""Exceptions by which a serial server says that the address behind it did not answer."""


@dataclass(frozen=True, slots=True)
class PlannedUse:
    """What the settings ask of one address.

    Attributes:
        period_s: Seconds from one sweep to the next.
        sweep_s: Seconds that one sweep keeps the wire busy.
    """

    period_s: float
    sweep_s: float


class SharedModbusBus:
    """All analysers of one wire talk through this object; a `ports.ModbusBus`.

    Requests are served in the order in which they came. A failed read is repeated; before that, and before anything
    else is asked of the same address, an echo with a fresh number makes sure that no earlier answer is under way.

    On a wire that others share, an address that lets time pass without a usable answer has a bounded time for it, see
    `ExcessTime`. When that is spent it rests: requests to it fail at once. When its last attempt has failed it is
    demoted: it is only asked for a short echo whenever it is its turn, which takes no more of the wire than its sweep
    would, so that it is back within two sweeps of its return. `demotion.TRANSITIONS` is the whole rule.

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
        self._planned = dict(planned or {})
        self._shortest_period_s = min((use.period_s for use in self._planned.values()), default=1.0)
        self._turns = Turns(name, spec, clock, WireTap() if tap is None else tap, self._shortest_period_s)
        self._addresses = {unit: Address(unit) for unit in self._planned}
        self._excess = ExcessTime(round(spec.attempts * spec.timeout_s * 1e9), clock.monotonic_ns())
        self._numbered = spec.protocol is ProtocolKind.MODBUS_TCP
        self._log = logging.getLogger(f"gateway.wire.bus.{name}")

    @property
    def name(self) -> str:
        """Name from the settings."""
        return self._name

    @property
    def protocol(self) -> ProtocolKind:
        """Framing on the wire."""
        return self._spec.protocol

    @property
    def health(self) -> BusHealth:
        """Live counters of the wire."""
        return self._turns.health

    def address_health(self, unit: int) -> AddressHealth:
        """Live counters of one address."""
        return self._address(unit).health

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
        asked = self._address(unit)
        within_s = await self._admit(asked)
        await self._settle(asked)
        return await self._exchange(asked, lambda wire: wire.write_coil(unit, address, on=on), within_s)

    async def echo(self, unit: int, data: bytes) -> Exchange:
        """See `ports.ModbusBus`."""
        return await self._read(unit, lambda wire: wire.echo(unit, data))

    async def aclose(self) -> None:
        """Close the wire; a later request opens it again."""
        self._turns.close()

    @property
    def _shared(self) -> bool:
        return len(self._addresses) > 1

    def _address(self, unit: int) -> Address:
        if unit not in self._addresses:
            self._addresses[unit] = Address(unit)
        return self._addresses[unit]

    async def _read(self, unit: int, request: Request) -> Exchange:
        address = self._address(unit)
        within_s = await self._admit(address)
        attempts = 1 if address.health.state is AddressState.PROBING else self._spec.attempts
        while True:
            attempts -= 1
            try:
                await self._settle(address)
                return await self._exchange(address, request, within_s)
            except (DeviceTimeoutError, ProtocolError) as error:
                if attempts and not self._rest_ns(address):
                    address.health.retries += 1
                    continue
                self._given_up(address, error)
                raise

    def _given_up(self, address: Address, error: GatewayError) -> None:
        if self._shared and address.happened(AddressEvent.EXHAUSTED):
            address.patient_at_ns = self._next_patience_ns()
            self._log.warning("address %d is set aside for the sake of the others: %s", address.unit, error.what)

    def _rest_ns(self, address: Address) -> int:
        if not self._shared:
            return 0
        return self._excess.rest_ns(address.unit, self._clock.monotonic_ns(), self._lent_share)

    @property
    def _lent_share(self) -> float:
        """Share of the wire's time that all troubled addresses together may take from the others."""
        if self._spec.timeout_s > self._shortest_period_s:
            return LEAST_SHARE
        return max(LEAST_SHARE, SHARE_OF_IDLE * (1 - self.health.load.share))

    def _next_patience_ns(self) -> int:
        """When a demoted address may be waited for as long as a healthy one."""
        return self._clock.monotonic_ns() + self._excess.pause_ns(self._spec.timeout_s * 1e9, self._lent_share)

    async def _admit(self, address: Address) -> float:
        """Let an address be asked, or say why not; a demoted one is first asked whether it is back.

        Returns:
            Seconds that the answer to the request may take.

        Raises:
            DeviceDemotedError: It rests, or it is not back.
        """
        timeout_s = self._spec.timeout_s
        if not self._shared or address.health.state is AddressState.UP:
            return timeout_s
        if address.health.state is not AddressState.DEMOTED:
            if rest_ns := self._rest_ns(address):
                raise self._demoted(address, f"too slow for its neighbours; it rests for {rest_ns / 1e9:.1f} s")
            return timeout_s
        now_ns = self._clock.monotonic_ns()
        patient = now_ns >= address.patient_at_ns
        within_s = timeout_s if patient else self._probe_s(address)
        if not patient and now_ns < address.probed_ns + round(within_s / self._planned_share(address.unit) * 1e9):
            raise self._demoted(address, "silent; it is asked again in a moment")
        address.probed_ns = now_ns
        if patient:
            address.patient_at_ns = self._next_patience_ns()
        address.happened(AddressEvent.ASKED)
        if address.echo is EchoSupport.SILENT or (address.echo is EchoSupport.UNKNOWN and patient):
            return within_s  # the request itself is the question
        try:
            await self._probe(address, within_s)
        except BaseException as error:
            address.happened(AddressEvent.FAILED)
            if isinstance(error, DeviceTimeoutError | ProtocolError):
                raise self._demoted(address, f"not back yet: {error.what}") from error
            raise
        return timeout_s

    def _demoted(self, address: Address, what: str) -> DeviceDemotedError:
        return DeviceDemotedError(
            what,
            where=f"bus {self._name} ({self._spec.link}), address {address.unit}",
            hint="check that it is on, its address, protocol and wiring",
        )

    def _planned_share(self, unit: int) -> float:
        """Share of the wire's time that the settings give to an address."""
        use = self._planned.get(unit)
        return 0.05 if use is None else min(1.0, use.sweep_s / use.period_s)

    def _probe_s(self, address: Address) -> float:
        """How long an address is given for an echo, by what it took to answer when it was well."""
        if not self._shared:
            return self._spec.timeout_s
        usual_s = 2 * address.health.response_ms_p99 / 1000
        waiting_s = max(_SHORTEST_PROBE_S, _TURNAROUNDS * self._spec.turnaround_ms / 1000, usual_s)
        return min(self._spec.timeout_s, waiting_s + 2 * _ECHO_BYTES * self._spec.timing.byte_s)

    async def _probe(self, address: Address, within_s: float) -> None:
        """Ask briefly; any answer will do, an exception included."""
        address.health.probes += 1
        number = address.next_echo()
        with suppress(DeviceRefusedError):  # it may not know echoes, but it is there
            await self._exchange(address, lambda wire: wire.echo(address.unit, number), within_s, echo=True)
        address.echo = EchoSupport.ANSWERS
        address.unsettled = False

    async def _settle(self, address: Address) -> None:
        """Make sure that no earlier answer can be taken for the next one.

        An instrument answers in order. Once it has echoed a fresh number nothing older is under way. One that does not
        answer echoes is left alone until its answer would be later than any answer may be.
        """
        if not address.unsettled or self._numbered:
            return
        if address.echo is not EchoSupport.SILENT:
            try:
                await self._probe(address, self._probe_s(address))
            except (DeviceTimeoutError, DamagedAnswerError):
                if address.echo is EchoSupport.ANSWERS:
                    raise
            else:
                return
        await self._clock.sleep_until(address.asked_ns + round(2 * self._spec.timeout_s * 1e9))
        address.unsettled = False

    async def _exchange(self, address: Address, request: Request, within_s: float, *, echo: bool = False) -> Exchange:
        """One request and its answer, with everything that is counted."""
        health = address.health
        async with self._turns.next() as wire:
            wire.answer_within_s = within_s
            started_ns = self._clock.monotonic_ns()
            health.requests += 1
            if not echo:
                address.asked_ns = started_ns
            address.unsettled = True  # until an answer has come; a cancelled request leaves it so
            answered = False
            try:
                exchange = await request(wire)
                answered = True
            except DeviceRefusedError as error:
                code = error.code
                health.exceptions[code] = health.exceptions.get(code, 0) + 1
                if code in _GATEWAY_ECHOES:
                    raise DeviceTimeoutError(error.what, where=error.where, hint=error.hint) from error
                answered = True
                raise
            except DeviceTimeoutError:
                health.timeouts += 1
                raise
            except DamagedAnswerError as error:
                health.damaged += 1
                health.last_raw = error.raw
                raise
            finally:
                health.strays += wire.take_strays()
                self._book(address, started_ns, answered=answered)
        if not echo and address.echo is EchoSupport.UNKNOWN and address.health.probes:
            address.echo = EchoSupport.SILENT
        health.last_good = exchange.received
        health.last_raw = exchange.raw
        health.response_ns.add(max(0, exchange.received.monotonic_ns - exchange.requested.monotonic_ns))
        return exchange

    def _book(self, address: Address, started_ns: int, *, answered: bool) -> None:
        """Account for the time an exchange took, and move the address on."""
        now_ns = self._clock.monotonic_ns()
        took_ns = now_ns - started_ns
        expected_s = _TURNAROUNDS * self._spec.turnaround_ms / 1000 + self._spec.timing.byte_s * 300
        excess_ns = took_ns - round(expected_s * 1e9)
        self._excess.charge(address.unit, excess_ns, now_ns, self._lent_share)
        if not answered:
            address.happened(AddressEvent.FAILED)
            return
        address.unsettled = False
        if address.happened(AddressEvent.SLOW if excess_ns > 0 else AddressEvent.ANSWERED):
            self._log.warning("address %d answers again", address.unit)
