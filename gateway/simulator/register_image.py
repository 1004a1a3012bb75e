"""The Modbus data model of one instrument: input registers and discrete inputs at one instant.

Seven input registers per slot (value 2, name 3, unit 2) and eight discrete inputs per slot; the analyser's own bits
start at 11001. Empty slots read zero.
"""

from __future__ import annotations

import math
import struct

from gateway.model.readings import ChannelKind, ChannelStatus
from gateway.simulator.continuous_frame import padded_unit
from gateway.simulator.instrument import ChannelState, InstrumentState
from gateway.simulator.slots import SLOTS, UNNAMED, kind_of

SLOT_REGISTERS = 7
SLOT_BITS = 8
INPUT_REGISTERS = SLOT_REGISTERS * len(SLOTS)
SLOT_DISCRETES = SLOT_BITS * len(SLOTS)
ANALYSER_DISCRETES = range(1000, 1016)

_GROUPS_OFFSET = 8
_DISPLAY_SUBSCRIPT_TWO = "\x82"


def input_registers(state: InstrumentState) -> list[int]:
    """All 70 input registers, 30001 first."""
    image = bytearray(2 * INPUT_REGISTERS)
    for channel in state.channels:
        start = 2 * SLOT_REGISTERS * SLOTS.index(channel.slot)
        image[start : start + 2 * SLOT_REGISTERS] = _slot_bytes(channel)
    return list(struct.unpack(f">{INPUT_REGISTERS}H", image))


def slot_discretes(state: InstrumentState) -> list[bool]:
    """The 80 discrete inputs of the slots, 10001 first."""
    image = [False] * SLOT_DISCRETES
    for channel in state.channels:
        start = SLOT_BITS * SLOTS.index(channel.slot)
        image[start : start + SLOT_BITS] = _status_bits(channel.slot, channel.status)
    return image


def analyser_discretes(state: InstrumentState) -> list[bool]:
    """The 16 discrete inputs of the analyser, 11001 first.

    Each calibration group has two bits: calibrating, and gas 2 rather than gas 1.
    """
    image = [False] * len(ANALYSER_DISCRETES)
    image[0], image[1] = state.analyser.fault, state.analyser.maintenance
    for index, group in enumerate(state.analyser.groups):
        start = _GROUPS_OFFSET + 2 * index
        image[start : start + 2] = [group.calibrating, group.gas == 2]
    return image


def display_name(name: str) -> bytes:
    """Six bytes of the display character ROM. Subscript two is 0x82, and the unit's own `CO2` has one."""
    shown = "CO₂" if name == "CO2" else name or UNNAMED
    return shown.replace("₂", _DISPLAY_SUBSCRIPT_TWO).encode("latin-1").ljust(6)


def _slot_bytes(channel: ChannelState) -> bytes:
    value = math.nan if channel.value is None else channel.value
    unit = padded_unit(channel.settings.unit).encode("latin-1")
    return struct.pack(">f6s4s", value, display_name(channel.settings.name), unit)


def _status_bits(slot: str, status: ChannelStatus) -> list[bool]:
    if kind_of(slot) is ChannelKind.EXTERNAL:
        return [status.invalid, False, False, False, *status.alarms]
    return [status.fault, status.maintenance, status.calibrating, status.warming_up, *status.alarms]
