"""The address table of the instrument: ten channel slots, the analyser's own discrete inputs, and the coils.

Every address is that of the protocol data unit: the data-model number less its base (30001 input registers, 10001
discrete inputs, 1 coils). The slots are generated from their strides and checked, on import, against the numbers that
the manual prints (4100 manual, Modbus tables; the discrete inputs are known from bench work only).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.model.readings import ChannelKind

SLOT_REGISTERS = 7
"""Input registers per slot: value 2, name 3, unit 2."""

SLOT_BITS = 8
"""Discrete inputs per slot: four states, then alarms 1 to 4."""

_NAME_OFFSET = 2
_UNIT_OFFSET = 5

_KINDS = {"I": ChannelKind.MEASURED, "D": ChannelKind.DERIVED, "E": ChannelKind.EXTERNAL}
_IDS = ("I1", "I2", "I3", "I4", "D1", "D2", "D3", "D4", "E1", "E2")

_PRINTED_NUMBERS = {
    "I1": 30001,
    "I2": 30008,
    "I4": 30022,
    "D1": 30029,
    "D2": 30036,
    "D3": 30043,
    "D4": 30050,
    "E1": 30057,
}


@dataclass(frozen=True, slots=True)
class Slot:
    """One channel of the instrument and where it lives on Modbus.

    Attributes:
        id: Identity on the instrument: transducers `I1` to `I4`, derived `D1` to `D4`, external mA inputs `E1`, `E2`.
        index: Place in the table, 0 to 9.
        kind: Measured, derived or external.
        parent: Transducer from which a derived channel is computed, whose states it shares; empty for the others.
        value_address: First of two input registers: IEEE 754 single, high word first.
        name_address: First of three input registers: six characters of the display.
        unit_address: First of two input registers: three characters and a NUL.
        bits_address: First of eight discrete inputs.
    """

    id: str
    index: int
    kind: ChannelKind
    parent: str
    value_address: int
    name_address: int
    unit_address: int
    bits_address: int

    @property
    def state_bits(self) -> tuple[str, ...]:
        """What bits 0, 1, ... mean, as names of `ChannelStatus` fields; later bits below 4 are reserved.

        Bit 0 of an external input says that the input is unusable; its bits 1 to 3 are reserved and may hold anything.
        """
        if self.kind is ChannelKind.EXTERNAL:
            return ("invalid",)
        return ("fault", "maintenance", "calibrating", "warming_up")


def _slot(index: int, identity: str) -> Slot:
    first = SLOT_REGISTERS * index
    kind = _KINDS[identity[0]]
    return Slot(
        id=identity,
        index=index,
        kind=kind,
        parent=f"I{identity[1]}" if kind is ChannelKind.DERIVED else "",
        value_address=first,
        name_address=first + _NAME_OFFSET,
        unit_address=first + _UNIT_OFFSET,
        bits_address=SLOT_BITS * index,
    )


def validate(slots: Sequence[Slot]) -> None:
    """Check a slot table against what the manual prints and against itself.

    Raises:
        ValueError: An identity occurs twice, a printed number differs, addresses overlap or leave a gap, or a derived
            channel has no transducer.
    """
    by_id = {slot.id: slot for slot in slots}
    if len(by_id) != len(slots):
        raise ValueError("a slot identity occurs twice")
    for identity, number in _PRINTED_NUMBERS.items():
        if by_id[identity].value_address != number - 30001:
            raise ValueError(f"value of {identity} must be at {number}")
    firsts = [(slot.value_address, slot.name_address, slot.unit_address) for slot in slots]
    if firsts != [
        (first, first + _NAME_OFFSET, first + _UNIT_OFFSET)
        for first in range(0, SLOT_REGISTERS * len(slots), SLOT_REGISTERS)
    ]:
        raise ValueError("input registers overlap or leave a gap")
    if [slot.bits_address for slot in slots] != list(range(0, SLOT_BITS * len(slots), SLOT_BITS)):
        raise ValueError("discrete inputs overlap or leave a gap")
    for slot in slots:
        if (slot.kind is ChannelKind.DERIVED) != (slot.parent in by_id):
            raise ValueError(f"{slot.id} must name the transducer it is derived from, and only if it is derived")


SLOTS: tuple[Slot, ...] = tuple(_slot(index, identity) for index, identity in enumerate(_IDS))
"""All slots in the order of the registers."""

validate(SLOTS)

SLOT_BY_ID: dict[str, Slot] = {slot.id: slot for slot in SLOTS}
"""Slots by identity."""

ALL_REGISTERS = SLOT_REGISTERS * len(SLOTS)
ALL_SLOT_BITS = SLOT_BITS * len(SLOTS)

ANALYSER_BITS_ADDRESS = 1000
"""First discrete input of the analyser itself (11001)."""

ANALYSER_BITS = 16
FAULT_BIT = 0
MAINTENANCE_BIT = 1
GROUP_BITS = 8
"""Bit at which the calibration groups start (11009): two bits per group, calibrating and gas 2.

This coding has been read from a library's model, not yet seen on an instrument; it agrees with the two characters per
group of the continuous frame.
"""

CALIBRATION_GROUPS = 4
START_CALIBRATION_COILS: tuple[int, ...] = (0, 1, 2, 3)
"""Coils 00001 to 00004: a change from 0 to 1 starts the autocalibration of group 1 to 4; write 0 afterwards."""

STOP_CALIBRATION_COIL = 8
"""Coil 00009: a change from 0 to 1 stops every autocalibration; write 0 afterwards."""
