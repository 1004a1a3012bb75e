"""Modbus server of one instrument: request PDU in, answer PDU out.

Function codes and the order of checks: Modbus Application Protocol V1.1b3 (function, quantity, address); the set of
codes and the meaning of exceptions 01, 02 and 03: manual of the instrument.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from gateway.simulator.autocalibration import COILS
from gateway.simulator.faults import FaultKind
from gateway.simulator.instrument import Instrument
from gateway.simulator.pdu import (
    ADDRESS_AND_NUMBER,
    MOST_BITS_READ,
    MOST_COILS_WRITTEN,
    MOST_REGISTERS_READ,
    ExceptionCode,
    Function,
    address_and_count,
    answered,
    coil_write,
    packed,
    require,
    unpacked,
    written,
)
from gateway.simulator.register_image import (
    ANALYSER_DISCRETES,
    INPUT_REGISTERS,
    SLOT_BITS,
    SLOT_DISCRETES,
    SLOT_REGISTERS,
    analyser_discretes,
    input_registers,
    slot_discretes,
)
from gateway.simulator.slots import SLOTS


class ModbusSlave:
    """Answers requests from the state of one instrument."""

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self._functions: dict[int, Function] = {
            1: self._read_coils,
            2: self._read_discrete_inputs,
            4: self._read_input_registers,
            5: self._write_coil,
            8: self._diagnose,
            15: self._write_coils,
        }

    def answer(self, request: bytes) -> bytes:
        """Carry out one request and return the answer PDU; never raises for what a master sends.

        Args:
            request: Function code and data, at least one byte.
        """
        return answered(self._functions, request)

    def _read_coils(self, data: bytes) -> bytes:
        start, count = address_and_count(data, MOST_BITS_READ)
        require(start + count <= COILS)
        return packed(self.instrument.coils.values[start : start + count])

    def _read_discrete_inputs(self, data: bytes) -> bytes:
        start, count = address_and_count(data, MOST_BITS_READ)
        if start in ANALYSER_DISCRETES:
            require(start + count <= ANALYSER_DISCRETES.stop)
            first = start - ANALYSER_DISCRETES.start
            return packed(analyser_discretes(self.instrument.state())[first : first + count])
        require(start + count <= SLOT_DISCRETES)
        self._require_populated(start, count, SLOT_BITS)
        return packed(slot_discretes(self.instrument.state())[start : start + count])

    def _read_input_registers(self, data: bytes) -> bytes:
        start, count = address_and_count(data, MOST_REGISTERS_READ)
        require(start + count <= INPUT_REGISTERS)
        self._require_populated(start, count, SLOT_REGISTERS)
        registers = input_registers(self.instrument.state())[start : start + count]
        return struct.pack(f">B{count}H", 2 * count, *registers)

    def _write_coil(self, data: bytes) -> bytes:
        address, on = coil_write(data)
        require(address < COILS)
        self._set_coils(address, [on])
        return data

    def _write_coils(self, data: bytes) -> bytes:
        start, content = written(data, MOST_COILS_WRITTEN, bits=True)
        count = int.from_bytes(data[2:ADDRESS_AND_NUMBER], "big")
        require(start + count <= COILS)
        self._set_coils(start, unpacked(content, count))
        return data[:ADDRESS_AND_NUMBER]

    def _diagnose(self, data: bytes) -> bytes:
        require(len(data) >= 2, ExceptionCode.ILLEGAL_DATA_VALUE)
        require(data[:2] == b"\0\0", ExceptionCode.ILLEGAL_FUNCTION)
        return data

    def _set_coils(self, start: int, values: Sequence[bool]) -> None:
        now_s = self.instrument.elapsed_s()
        for address, on in enumerate(values, start=start):
            self.instrument.coils.write(address, on=on, now_s=now_s)

    def _require_populated(self, start: int, count: int, stride: int) -> None:
        if self.instrument.shows(FaultKind.NARROW_READS):
            touched = SLOTS[start // stride : (start + count - 1) // stride + 1]
            require(self.instrument.populated.issuperset(touched))
