"""What the bus knows of one Modbus address: how it answers, and whether an answer of it may still be under way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import count

from gateway.model.bus_health import AddressHealth, AddressState
from gateway.wire.demotion import TRANSITIONS, AddressEvent

_SPOKEN_TO = (AddressState.UP, AddressState.DEGRADED)


class EchoSupport(Enum):
    """Whether the address answers function code 08, by an echo or by an exception."""

    UNKNOWN = auto()
    ANSWERS = auto()
    SILENT = auto()


@dataclass
class Address:
    """One address on one bus.

    Attributes:
        unit: Modbus address.
        health: Counters for clients.
        echo: Whether it can be asked for an echo.
        echoes_missed: Echoes that were lost before the first one came.
        unsettled: Whether the answer to an earlier request may still come. On a line without transaction numbers it
            would be taken for the answer to the next request. Nobody knows what was asked before the start.
        asked_ns: When the last request other than an echo was sent.
        probed_ns: When it was last asked whether it is back.
        patient_at_ns: While demoted, when it may be waited for as long as a healthy one.
    """

    unit: int
    health: AddressHealth = field(default_factory=AddressHealth)
    echo: EchoSupport = EchoSupport.UNKNOWN
    echoes_missed: int = 0
    unsettled: bool = True
    asked_ns: int = 0
    probed_ns: int = 0
    patient_at_ns: int = 0
    _numbers: Iterator[int] = field(default_factory=lambda: count(0x5A01, 0x0101))

    def happened(self, event: AddressEvent) -> bool:
        """Move on by the table; True if the address has just been demoted, or has just come back."""
        before = self.health.state
        after = self.health.state = TRANSITIONS[before].get(event, before)
        if after is AddressState.DEMOTED and before in _SPOKEN_TO:
            self.health.demotions += 1
            return True
        return before is AddressState.PROBING and after in _SPOKEN_TO

    def next_echo(self) -> bytes:
        """Two bytes that no recent echo of this address carried.

        They begin with a set bit, so that a Modbus TCP gateway that is asked in RTU by mistake reads an impossible
        length there and passes nothing on.
        """
        return (next(self._numbers) & 0x7FFF | 0x8000).to_bytes(2, "big")
