"""Who may be asked on a wire that several addresses share, for how long, and what trouble costs."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.errors import DeviceDemotedError
from gateway.model.bus_health import AddressState
from gateway.model.bus_spec import BusSpec
from gateway.model.stamp import Clock
from gateway.model.wire_load import WireLoad
from gateway.wire.address import Address, EchoSupport
from gateway.wire.demotion import AddressEvent
from gateway.wire.excess_time import LEAST_SHARE, SHARE_OF_IDLE, ExcessTime

_TURNAROUNDS = 4
_LONG_EXCHANGE_BYTES = 300
"""An exchange that takes longer than these bytes and this many times the usual turnaround has taken excess time."""

_SHORTEST_PROBE_S = 0.1
_ECHO_EXCHANGE_BYTES = 34
"""Request and answer of function code 08 in ASCII, the longer framing."""

_UNPLANNED_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class PlannedUse:
    """What the settings ask of one address.

    Attributes:
        period_s: Seconds from one sweep to the next.
        sweep_s: Seconds that one sweep keeps the wire busy.
    """

    period_s: float
    sweep_s: float


@dataclass(frozen=True, slots=True)
class Permission:
    """How an address may be asked now.

    Attributes:
        within_s: How long it may take to answer.
        attempts: How often the request may be sent.
        echo_first: Whether it must first answer an echo within that time.
    """

    within_s: float
    attempts: int
    echo_first: bool = False


class Admission:
    """Keeps every address from living at the expense of its neighbours.

    An address that has the wire to itself may always be asked. On a shared wire `ExcessTime` bounds the time that an
    address may lose. There are two accounts: when the time that passed without a usable answer is spent, failed
    requests are not repeated; when the time that answers came too late is spent, the address rests.

    One whose last attempt has failed is demoted: from then on it is only asked for an echo, briefly, as often as its
    planned share of the wire allows, and now and then with all the patience that a healthy one has.

    Args:
        name: Name of the bus.
        spec: The wire.
        planned: Address to what the settings ask of it.
        load: How busy the wire is.
        clock: Time.
    """

    def __init__(
        self, name: str, spec: BusSpec, planned: Mapping[int, PlannedUse], load: WireLoad, clock: Clock
    ) -> None:
        self._where = f"bus {name} ({spec.link})"
        self._spec = spec
        self._planned = planned
        self._load = load
        self._clock = clock
        self._addresses = {unit: Address(unit) for unit in planned}
        most_ns = round(spec.attempts * spec.timeout_s * 1e9)
        self._lost = ExcessTime(most_ns, clock.monotonic_ns())
        self._late = ExcessTime(most_ns, clock.monotonic_ns())
        self._expected_ns = round(
            (_TURNAROUNDS * spec.turnaround_ms / 1000 + _LONG_EXCHANGE_BYTES * spec.timing.byte_s) * 1e9
        )
        self._log = logging.getLogger(f"gateway.wire.bus.{name}")

    @property
    def shortest_period_s(self) -> float:
        """Shortest period at which an address is swept."""
        return min((use.period_s for use in self._planned.values()), default=1.0)

    def address(self, unit: int) -> Address:
        """What is known of an address; from its first mention on it counts as one that shares the wire."""
        if unit not in self._addresses:
            self._addresses[unit] = Address(unit)
        return self._addresses[unit]

    def permit(self, address: Address) -> Permission:
        """How an address may be asked now.

        Raises:
            DeviceDemotedError: It may not.
        """
        usual = Permission(self._spec.timeout_s, self._spec.attempts)
        state = address.health.state
        if not self._shared or state is AddressState.UP:
            return usual
        if state is not AddressState.DEMOTED:
            if rest_ns := self._rest_ns(self._late, address):
                raise self.demoted(address, f"too slow for its neighbours; it rests for {rest_ns / 1e9:.1f} s")
            return usual
        now_ns = self._clock.monotonic_ns()
        patient = now_ns >= address.patient_at_ns
        within_s = self._spec.timeout_s if patient else self.echo_within_s(address)
        if not patient and now_ns < address.probed_ns + round(within_s / self._planned_share(address) * 1e9):
            raise self.demoted(address, "silent; it is asked again in a moment")
        address.happened(AddressEvent.ASKED)
        knows_echo = address.echo is EchoSupport.ANSWERS
        echo_first = knows_echo or (address.echo is EchoSupport.UNKNOWN and not patient)
        return Permission(within_s, 1, echo_first)

    def asked(self, address: Address, within_s: float) -> None:
        """A request leaves now; one that finds no open wire never does, and counts for nothing."""
        if address.health.state is AddressState.PROBING:
            address.probed_ns = self._clock.monotonic_ns()
            if within_s >= self._spec.timeout_s:
                address.patient_at_ns = self._next_patience_ns()

    def may_repeat(self, address: Address) -> bool:
        """Whether a failed request may be sent again at once."""
        return self._rest_ns(self._lost, address) == 0

    def exhausted(self, address: Address, reason: str) -> None:
        """The last attempt has failed."""
        if self._shared and address.happened(AddressEvent.EXHAUSTED):
            address.patient_at_ns = self._next_patience_ns()
            self._log.warning("address %d is set aside for the sake of the others: %s", address.unit, reason)

    def book(self, address: Address, took_ns: int, *, answered: bool) -> None:
        """Account for the time an exchange took, and move the address on."""
        excess_ns = took_ns - self._expected_ns
        account = self._late if answered else self._lost
        account.charge(address.unit, excess_ns, self._clock.monotonic_ns(), self._lent_share)
        if not answered:
            address.happened(AddressEvent.FAILED)
        elif address.happened(AddressEvent.SLOW if excess_ns > 0 else AddressEvent.ANSWERED):
            self._log.warning("address %d answers again", address.unit)

    def echo_within_s(self, address: Address) -> float:
        """How long an address is given for an echo, by what it took to answer when it was well."""
        if not self._shared:
            return self._spec.timeout_s
        usual_s = 2 * address.health.response_ms_p99 / 1000
        waiting_s = max(_SHORTEST_PROBE_S, _TURNAROUNDS * self._spec.turnaround_ms / 1000, usual_s)
        return min(self._spec.timeout_s, waiting_s + _ECHO_EXCHANGE_BYTES * self._spec.timing.byte_s)

    def demoted(self, address: Address, what: str) -> DeviceDemotedError:
        """The error for an address that is not asked."""
        return DeviceDemotedError(
            what,
            where=f"{self._where}, address {address.unit}",
            hint="check that it is on, its address, protocol and wiring",
        )

    @property
    def _shared(self) -> bool:
        return len(self._addresses) > 1

    @property
    def _lent_share(self) -> float:
        """Share of the wire's time that all troubled addresses together may take from the others, for each account."""
        if self._spec.timeout_s > self.shortest_period_s:
            return LEAST_SHARE / 2
        return max(LEAST_SHARE, SHARE_OF_IDLE * (1 - self._load.share)) / 2

    def _rest_ns(self, account: ExcessTime, address: Address) -> int:
        if not self._shared:
            return 0
        return account.rest_ns(address.unit, self._clock.monotonic_ns(), self._lent_share)

    def _next_patience_ns(self) -> int:
        return self._clock.monotonic_ns() + self._lost.pause_ns(self._spec.timeout_s * 1e9, self._lent_share)

    def _planned_share(self, address: Address) -> float:
        use = self._planned.get(address.unit)
        return _UNPLANNED_SHARE if use is None else min(1.0, use.sweep_s / use.period_s)
