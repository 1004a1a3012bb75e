"""Where each point comes from on the wire, in words, from the same tables that the decoders use."""

from __future__ import annotations

from gateway.drivers.servomex4100.channels import (
    ANALYSER_BITS_ADDRESS,
    FAULT_BIT,
    GROUP_BITS,
    MAINTENANCE_BIT,
    SLOT_BY_ID,
    SLOT_REGISTERS,
    Slot,
)
from gateway.drivers.servomex4100.continuous_frame import BLOCK_FIELDS, HEADER_FIELDS
from gateway.model.readings import ChannelKind, ProtocolKind

_FIRST_INPUT_REGISTER = 30001
_FIRST_DISCRETE_INPUT = 10001
_FIRST_ALARM_BIT = 4
_STATES = {
    "Fault": "fault",
    "Maintenance": "maintenance",
    "Calibrating": "calibrating",
    "WarmingUp": "warming_up",
    "Invalid": "invalid",
}
"""Point of a channel to the field of its `ChannelStatus`."""

_FLAG_FIELDS = {
    "Fault": ("flags", 1, "F"),
    "Invalid": ("flags", 1, "F"),
    "Maintenance": ("flags", 2, "M"),
    "Calibrating": ("calibrating", 1, "C"),
    "WarmingUp": ("warming up", 1, "W"),
}
"""Point of a channel to the field of its block, the character in it from 1, and what stands there when it is set."""

_NEVER_INVALID = "Always off: only the external inputs E1 and E2 can be invalid."
_UNCONFIRMED = "This coding has not been confirmed on an instrument yet."
_NO_FAULT = "Always off: an external input has no fault of its own, see Invalid."


def origin(protocol: ProtocolKind, path: tuple[str, ...]) -> str:
    """Register or frame field of one point and how it is decoded; empty for a point that the analyser does not send."""
    continuous = protocol is ProtocolKind.CONTINUOUS
    match path:
        case (channel, leaf) if channel in SLOT_BY_ID:
            slot = SLOT_BY_ID[channel]
            return _in_block(slot, leaf) if continuous else _in_slot(slot, leaf)
        case ("Status", "Fault"):
            return _in_header(2, "character 1: F when set") if continuous else _analyser_bit(FAULT_BIT)
        case ("Status", "Maintenance"):
            return _in_header(2, "character 2: M when set") if continuous else _analyser_bit(MAINTENANCE_BIT)
        case (group, leaf) if group.startswith("Group"):
            return _group(int(group.removeprefix("Group")), leaf, continuous=continuous)
        case ("Clock", "Time"):
            return f"{_in_header(0, 'DD-MM-YY')} {_in_header(1, 'hh:mm:ss')} The analyser knows no time zone."
        case ("Clock", "Offset"):
            return "The clock in header fields 1 and 2 less UTC of this host when the frame's last byte arrived."
        case _:
            return ""


def _registers(address: int, count: int) -> str:
    last, between = address + count - 1, "and" if count == 2 else "to"
    numbers = f"{_FIRST_INPUT_REGISTER + address} {between} {_FIRST_INPUT_REGISTER + last}"
    return f"Input registers {numbers} (PDU addresses {address} {between} {last}), function code 04"


def _bit(address: int) -> str:
    return f"{_FIRST_DISCRETE_INPUT + address} (PDU address {address})"


def _discrete_input(address: int, meaning: str) -> str:
    return f"Discrete input {_bit(address)}, function code 02: {meaning}."


def _analyser_bit(bit: int) -> str:
    return _discrete_input(ANALYSER_BITS_ADDRESS + bit, "1 when set")


def _in_slot(slot: Slot, leaf: str) -> str:
    match leaf:
        case "Value":
            unit = _FIRST_INPUT_REGISTER + slot.unit_address
            first = _FIRST_INPUT_REGISTER + slot.value_address
            text = (
                f"{_registers(slot.value_address, 2)}: IEEE 754 single, high word first, high byte first; shown as the "
                f"decimal with the fewest digits that is the same single. Its unit is in {unit} and {unit + 1}; when "
                f"{first} to {first + SLOT_REGISTERS - 1} are all 0, the slot is not populated and there is no value."
            )
            return f"{text} The analyser derives it from {slot.parent}." if slot.parent else text
        case "Name":
            count = slot.unit_address - slot.name_address
            what = f"{2 * count} characters of the display, two per register, the first in the high byte"
            return f"{_registers(slot.name_address, count)}: {what}."
        case _ if leaf.startswith("Alarm"):
            bit = _FIRST_ALARM_BIT + int(leaf.removeprefix("Alarm")) - 1
            return _discrete_input(slot.bits_address + bit, "1 when the alarm is up")
        case _ if _STATES[leaf] in slot.state_bits:
            bit = slot.state_bits.index(_STATES[leaf])
            if not slot.parent:
                return _discrete_input(slot.bits_address + bit, "1 when set")
            parent = _bit(SLOT_BY_ID[slot.parent].bits_address + bit)
            meaning = f"1 when set; or {parent} of {slot.parent}, from which it is derived"
            return _discrete_input(slot.bits_address + bit, meaning)
        case "Invalid":
            return _NEVER_INVALID
        case "Fault":
            return _NO_FAULT
        case _:
            return "Always off: over Modbus this bit of an external input is reserved."


def _in_block(slot: Slot, leaf: str) -> str:
    match leaf:
        case "Value":
            what = "a plain decimal number; anything else is no value"
            text = f"{_field(slot, 'value', what)} Its unit is in field {_place('unit')}."
            return f"{text} The analyser derives it from {slot.parent}." if slot.parent else text
        case "Name":
            return _field(slot, "name", "padded; blank or all bars for an unnamed channel")
        case _ if leaf.startswith("Alarm"):
            return _field(slot, "alarms", f"character {leaf.removeprefix('Alarm')}: anything but a space when it is up")
        case "Invalid" if slot.kind is not ChannelKind.EXTERNAL:
            return _NEVER_INVALID
        case "Fault" if slot.kind is ChannelKind.EXTERNAL:
            return _NO_FAULT
        case _:
            field, character, sign = _FLAG_FIELDS[leaf]
            return _field(slot, field, f"character {character}: {sign} when set")


def _place(field: str) -> str:
    names = [name for name, _ in BLOCK_FIELDS]
    index = names.index(field)
    return f"{index + 1} ({field}, {_characters(BLOCK_FIELDS[index][1])})"


def _characters(width: int) -> str:
    return "1 character" if width == 1 else f"{width} characters"


def _field(slot: Slot, field: str, what: str) -> str:
    return f"Field {_place(field)} of the {len(BLOCK_FIELDS)} that begin with {slot.id} in each frame: {what}."


def _in_header(index: int, what: str) -> str:
    name, width = HEADER_FIELDS[index]
    return f"Field {index + 1} ({name}, {_characters(width)}) of the header of each frame: {what}."


def _group(number: int, leaf: str, *, continuous: bool) -> str:
    calibrating = leaf == "Calibrating"
    if continuous:
        meaning = "C on calibration gas, S on sample" if calibrating else "the number of the gas"
        return _in_header(3, f"character {2 * number - calibrating}: {meaning}")
    bit = GROUP_BITS + 2 * number - 1 - calibrating
    meaning = "1 on calibration gas" if calibrating else "1 for gas 2, 0 for gas 1"
    return f"{_discrete_input(ANALYSER_BITS_ADDRESS + bit, meaning)} {_UNCONFIRMED}"
