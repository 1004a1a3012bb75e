"""One Modbus sweep: registers and bits in, AnalyserFrame out, with the same readings as a continuous frame."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from gateway.drivers.servomex4100.channels import (
    ALL_REGISTERS,
    ALL_SLOT_BITS,
    ANALYSER_BITS,
    ANALYSER_BITS_ADDRESS,
    CALIBRATION_GROUPS,
    FAULT_BIT,
    GROUP_BITS,
    MAINTENANCE_BIT,
    SLOT_BITS,
    SLOT_BY_ID,
    SLOT_REGISTERS,
    Slot,
)
from gateway.drivers.servomex4100.read_plan import BlockRead, ReadPlan, Table
from gateway.drivers.servomex4100.registers import register_bytes
from gateway.drivers.servomex4100.text import DisplayText
from gateway.errors import ProtocolError
from gateway.model.readings import AnalyserFrame, AnalyserStatus, CalibrationGroup, ChannelStatus, Reading
from gateway.model.single import decimal_of_single

_UNPOPULATED = bytes(2 * SLOT_REGISTERS)
_ALARM_BITS = slice(4, 8)


def decode_sweep(plan: ReadPlan, answers: Sequence[Sequence[int]], text: DisplayText) -> AnalyserFrame:
    """Decode the answers to all reads of a plan.

    Args:
        plan: The reads that were done.
        answers: Registers or bits of each read, in the order of `plan.reads`.
        text: Decoder of the names and units of this analyser.

    Returns:
        Readings in the order of `plan.channels`. `raw` holds the four bytes of the value; Modbus gives no clock.

    Raises:
        ProtocolError: An answer is missing or has the wrong length, or holds what no register or bit can hold.
    """
    if len(answers) != len(plan.reads):
        raise ProtocolError(f"a sweep of {len(plan.reads)} reads cannot have {len(answers)} answers")
    registers = bytearray(2 * ALL_REGISTERS)
    bits = [0] * (ANALYSER_BITS_ADDRESS + ANALYSER_BITS)
    for read, values in zip(plan.reads, answers, strict=True):
        if len(values) != read.count:
            raise ProtocolError(f"asked for {read.count} {read.table}, got {len(values)}", where=_place(read))
        if read.table is Table.INPUT_REGISTERS:
            registers[2 * read.address : 2 * (read.address + read.count)] = _packed(read, values)
        elif set(values) <= {0, 1}:
            bits[read.address : read.address + read.count] = values
        else:
            raise ProtocolError("a discrete input is neither 0 nor 1", where=_place(read))
    slot_bits, analyser_bits = bits[:ALL_SLOT_BITS], bits[ANALYSER_BITS_ADDRESS:]
    readings = tuple(_reading(SLOT_BY_ID[channel], registers, slot_bits, text) for channel in plan.channels)
    return AnalyserFrame(readings, _analyser_status(analyser_bits))


def _packed(read: BlockRead, values: Sequence[int]) -> bytes:
    try:
        return register_bytes(values)
    except struct.error as error:
        raise ProtocolError("a register is not a number from 0 to 65535", where=_place(read)) from error


def _place(read: BlockRead) -> str:
    return f"{read.table} {read.address} to {read.address + read.count - 1}"


def _reading(slot: Slot, registers: bytes | bytearray, bits: Sequence[int], text: DisplayText) -> Reading:
    block = bytes(registers[2 * slot.value_address : 2 * (slot.value_address + SLOT_REGISTERS)])
    raw, name, unit = block[:4], block[4:10], block[10:]
    # A slot that is not populated answers with zeros throughout (bench 4100D, I4); that is no measurement of 0.
    value = None if block == _UNPOPULATED else decimal_of_single(raw)
    return Reading(slot.id, slot.kind, text.name(name), value, text.unit(unit), _channel_status(slot, bits), raw)


def _channel_status(slot: Slot, bits: Sequence[int]) -> ChannelStatus:
    """States and alarms of one channel.

    The state bits of a derived channel are a copy of its transducer's. Both are heeded, so that a derived value never
    looks better than the transducer it comes from.
    """
    own = bits[slot.bits_address : slot.bits_address + SLOT_BITS]
    states = {name: bool(bit) for name, bit in zip(slot.state_bits, own, strict=False)}
    if slot.parent:
        parent = SLOT_BY_ID[slot.parent]
        for name, bit in zip(parent.state_bits, bits[parent.bits_address :], strict=False):
            states[name] = states[name] or bool(bit)
    first, second, third, fourth = (bool(bit) for bit in own[_ALARM_BITS])
    return ChannelStatus(**states, alarms=(first, second, third, fourth))


def _analyser_status(bits: Sequence[int]) -> AnalyserStatus:
    groups = tuple(
        CalibrationGroup(bool(bits[first]), 2 if bits[first + 1] else 1)
        for first in range(GROUP_BITS, GROUP_BITS + 2 * CALIBRATION_GROUPS, 2)
    )
    return AnalyserStatus(bool(bits[FAULT_BIT]), bool(bits[MAINTENANCE_BIT]), groups)
