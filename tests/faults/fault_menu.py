"""Faults to choose from, for wires of every kind."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.model.readings import ProtocolKind
from tests.faults.wire_faults import (
    Delay,
    Drop,
    Duplicate,
    Garble,
    Merge,
    Noise,
    OnAddress,
    OneBehind,
    Split,
    Stall,
    WireFault,
    WrongAddress,
)

HOLDING = (Delay, Split, Stall, Merge, OneBehind)
"""Faults by which something arrives later than it was sent."""


@dataclass(frozen=True)
class Recipe:
    """A fault that has yet to be told what is spoken on its wire.

    Attributes:
        kind: The fault.
        arguments: What it is made with, but for the protocol.
        only_address: The only Modbus address that it concerns; None for all.
    """

    kind: type[WireFault]
    arguments: tuple[float | int | bytes, ...] = ()
    only_address: int | None = None

    def on(self, protocol: ProtocolKind) -> WireFault:
        """The fault for a wire; none where there are no addresses to be wrong."""
        if self.kind is WrongAddress and protocol is ProtocolKind.CONTINUOUS:
            return WireFault()
        told = (protocol,) if self.kind in (Garble, WrongAddress) else ()
        fault = self.kind(*told, *self.arguments)
        if self.only_address is None or protocol is ProtocolKind.CONTINUOUS:
            return fault
        return OnAddress(protocol, self.only_address, fault)

    def __str__(self) -> str:
        only = "" if self.only_address is None else f" on {self.only_address}"
        return f"{self.kind.__name__}({', '.join(map(repr, self.arguments))}){only}"


ON_ANSWERS = (
    Recipe(Drop),
    Recipe(Delay, (0.02,)),
    Recipe(Delay, (0.07,)),
    Recipe(Duplicate),
    Recipe(Split, (0.0005, 4)),
    Recipe(Split, (0.01, 16)),
    Recipe(Merge, (2,)),
    Recipe(Merge, (3,)),
    Recipe(Garble, (1,)),
    Recipe(Noise, (b"\x00\xff",)),
    Recipe(Noise, (b":1\r\n",)),
    Recipe(Stall),
    *(Recipe(OneBehind, (unharmed,)) for unharmed in range(8)),
    Recipe(WrongAddress, (77,)),
)

ON_REQUESTS = (Recipe(Drop), Recipe(Delay, (0.07,)), Recipe(Split, (0.0005, 4)), Recipe(Garble, (2,)), Recipe(Stall))
"""No duplicate: nothing on a line sends a request twice but its master, and the answer to the copy cannot be told from
one to the next request of the same shape. No other address: the answer would be right, of the wrong analyser."""
