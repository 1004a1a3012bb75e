"""A monitor with channel filters that hold back some of its events."""

from __future__ import annotations

from collections.abc import Iterable
from struct import Struct
from typing import cast

from caproto import SubscriptionType

from gateway.adapters.epics_ca.array_values import ArrayValue
from gateway.adapters.epics_ca.encoding import Native
from gateway.adapters.epics_ca.event_gates import Gate
from gateway.adapters.epics_ca.monitors import Monitor, Outbox
from gateway.adapters.epics_ca.values import Body, ReadOnlyValue

_DOUBLE = Struct(">d")
_ALARM = int(SubscriptionType.DBE_ALARM)


class GatedMonitor(Monitor):
    """One subscription whose events have to pass gates, one after the other.

    Args:
        value: What is monitored; it tells of its events one by one.
        key: DBR type and number of elements asked for.
        subscription: The client's subscription id.
        mask: DBE bits asked for.
        outbox: The client.
        gates: Of this monitor alone.
    """

    __slots__ = ("_gates",)

    def __init__(
        self,
        value: ReadOnlyValue,
        key: tuple[int, int],
        subscription: int,
        mask: int,
        outbox: Outbox,
        gates: Iterable[Gate],
    ) -> None:
        super().__init__(value, key, subscription, mask, outbox)
        self._gates = tuple(gates)

    def tell(self, header: bytes, body: Body, transition: int) -> None:
        """Take one event, if every gate lets it pass; one that holds it back keeps it from those behind."""
        number, alarm = _number(self.value), transition >= 0 and bool(self.mask & _ALARM)
        if all(gate.passes(number, alarm=alarm) for gate in self._gates):
            super().tell(header, body, transition)


def _number(value: ReadOnlyValue) -> float | None:
    """The value as a number; None for what a deadband does not look at, texts and arrays."""
    if isinstance(value, ArrayValue) or value.native is Native.STRING:
        return None
    return cast("float", _DOUBLE.unpack(value.encoded(Native.DOUBLE))[0])
