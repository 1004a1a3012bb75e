"""What single Modbus reads of an instrument say, without the rest of their sweep: for captures of a bus."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway.drivers.servomex4100.channels import (
    ALL_REGISTERS,
    ANALYSER_BITS_ADDRESS,
    CALIBRATION_GROUPS,
    FAULT_BIT,
    GROUP_BITS,
    MAINTENANCE_BIT,
    SLOT_REGISTERS,
    SLOTS,
    Slot,
)
from gateway.drivers.servomex4100.registers import register_bytes
from gateway.drivers.servomex4100.text import DisplayText
from gateway.model.single import decimal_of_single

_READ_DISCRETE_INPUTS = 2
_READ_INPUT_REGISTERS = 4
_VALUE_BYTES = 4
_NAME_BYTES = 6
_FIRST_ALARM_BIT = 4
_ALARMS = 4


@dataclass(frozen=True, slots=True)
class ChannelValue:
    """What value registers say of one channel.

    Attributes:
        channel: Identity on the instrument.
        name: Its name, empty when it has none or when it was not read.
        value: The number, None when the instrument sent no usable one.
        unit: Its unit, empty when it has none or when it was not read.
    """

    channel: str
    name: str
    value: float | None
    unit: str


@dataclass(frozen=True, slots=True)
class DecodedRead:
    """What one answer says.

    Attributes:
        channels: Every channel whose value was read and whose slot is populated, as far as that can be seen.
        flags: Every flag that is up, such as `I1 alarm 2` or `analyser fault`.
    """

    channels: tuple[ChannelValue, ...] = ()
    flags: tuple[str, ...] = ()


def decode_read(function: int, address: int, values: Sequence[int]) -> DecodedRead | None:
    """Decode the values of one read.

    Args:
        function: Modbus function code.
        address: First address of the protocol data unit.
        values: Registers, or bits as 0 and 1.

    Returns:
        None for reads that hold no channel value and no flag.
    """
    if function == _READ_INPUT_REGISTERS and address < ALL_REGISTERS:
        channels = tuple(_channels(address, values))
        return DecodedRead(channels=channels) if channels else None
    if function == _READ_DISCRETE_INPUTS:
        meanings = [(_meaning(place), bit) for place, bit in enumerate(values, start=address)]
        if any(meaning for meaning, _ in meanings):
            return DecodedRead(flags=tuple(meaning for meaning, bit in meanings if meaning and bit))
    return None


def _channels(address: int, registers: Sequence[int]) -> Iterator[ChannelValue]:
    text = DisplayText()
    raw = register_bytes(registers)
    for slot in SLOTS:
        start = 2 * (slot.value_address - address)
        if start < 0 or start + _VALUE_BYTES > len(raw):
            continue
        block = raw[start : start + 2 * SLOT_REGISTERS]
        if not any(block):
            continue  # not populated, see `sweep`
        name, unit = block[_VALUE_BYTES : _VALUE_BYTES + _NAME_BYTES], block[_VALUE_BYTES + _NAME_BYTES :]
        yield ChannelValue(slot.id, text.name(name), decimal_of_single(block[:_VALUE_BYTES]), text.unit(unit))


def _meaning(address: int) -> str:
    """What a discrete input says when it is 1; empty for a reserved one."""
    for slot in SLOTS:
        bit = address - slot.bits_address
        if 0 <= bit < _FIRST_ALARM_BIT + _ALARMS:
            return _slot_meaning(slot, bit)
    bit = address - ANALYSER_BITS_ADDRESS
    if bit in (FAULT_BIT, MAINTENANCE_BIT):
        return "analyser fault" if bit == FAULT_BIT else "analyser maintenance"
    group, second = divmod(bit - GROUP_BITS, 2)
    if 0 <= group < CALIBRATION_GROUPS:
        return f"group {group + 1} {'gas 2' if second else 'calibrating'}"
    return ""


def _slot_meaning(slot: Slot, bit: int) -> str:
    if bit >= _FIRST_ALARM_BIT:
        return f"{slot.id} alarm {bit - _FIRST_ALARM_BIT + 1}"
    states = slot.state_bits
    return f"{slot.id} {states[bit].replace('_', ' ')}" if bit < len(states) else ""
