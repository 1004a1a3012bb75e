"""Modbus server of one instrument: request PDU in, answer PDU out.

Function codes and the order of checks: Modbus Application Protocol V1.1b3 (function, quantity, address); the set of
codes and the meaning of exceptions 01, 02 and 03: manual of the instrument.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from enum import IntEnum

from gateway.simulator.autocalibration import COILS
from gateway.simulator.faults import FaultKind
from gateway.simulator.instrument import Instrument
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

_MOST_BITS_READ = 2000
_MOST_REGISTERS_READ = 125
_MOST_COILS_WRITTEN = 1968
_COIL_ON, _COIL_OFF = 0xFF00, 0x0000
_ADDRESS_AND_NUMBER = 4


class _ExceptionCode(IntEnum):
    ILLEGAL_FUNCTION = 1
    ILLEGAL_DATA_ADDRESS = 2
    ILLEGAL_DATA_VALUE = 3


class _Refusal(Exception):  # noqa: N818 - an answer of the protocol, not an error of the program
    def __init__(self, code: _ExceptionCode) -> None:
        super().__init__(code.name)
        self.code = code


class ModbusSlave:
    """Answers requests from the state of one instrument."""

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self._functions = {
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
        function = request[0]
        try:
            return bytes([function]) + self._functions.get(function, _unsupported)(request[1:])
        except _Refusal as refusal:
            return bytes([function | 0x80, refusal.code])

    def _read_coils(self, data: bytes) -> bytes:
        start, count = _address_and_count(data, _MOST_BITS_READ)
        _require(start + count <= COILS)
        return _packed(self.instrument.coils.values[start : start + count])

    def _read_discrete_inputs(self, data: bytes) -> bytes:
        start, count = _address_and_count(data, _MOST_BITS_READ)
        if start in ANALYSER_DISCRETES:
            _require(start + count <= ANALYSER_DISCRETES.stop)
            first = start - ANALYSER_DISCRETES.start
            return _packed(analyser_discretes(self.instrument.state())[first : first + count])
        _require(start + count <= SLOT_DISCRETES)
        self._require_populated(start, count, SLOT_BITS)
        return _packed(slot_discretes(self.instrument.state())[start : start + count])

    def _read_input_registers(self, data: bytes) -> bytes:
        start, count = _address_and_count(data, _MOST_REGISTERS_READ)
        _require(start + count <= INPUT_REGISTERS)
        self._require_populated(start, count, SLOT_REGISTERS)
        registers = input_registers(self.instrument.state())[start : start + count]
        return struct.pack(f">B{count}H", 2 * count, *registers)

    def _write_coil(self, data: bytes) -> bytes:
        _require(len(data) == _ADDRESS_AND_NUMBER, _ExceptionCode.ILLEGAL_DATA_VALUE)
        address, value = struct.unpack(">HH", data)
        _require(value in (_COIL_ON, _COIL_OFF), _ExceptionCode.ILLEGAL_DATA_VALUE)
        _require(address < COILS)
        self._set_coils(address, [value == _COIL_ON])
        return data

    def _write_coils(self, data: bytes) -> bytes:
        start, count = _address_and_count(data[:_ADDRESS_AND_NUMBER], _MOST_COILS_WRITTEN)
        size = (count + 7) // 8
        packed = data[_ADDRESS_AND_NUMBER + 1 :]
        _require(
            data[_ADDRESS_AND_NUMBER : _ADDRESS_AND_NUMBER + 1] == bytes([size]) and len(packed) == size,
            _ExceptionCode.ILLEGAL_DATA_VALUE,
        )
        _require(start + count <= COILS)
        self._set_coils(start, [bool(packed[index // 8] >> index % 8 & 1) for index in range(count)])
        return data[:_ADDRESS_AND_NUMBER]

    def _diagnose(self, data: bytes) -> bytes:
        _require(len(data) >= 2, _ExceptionCode.ILLEGAL_DATA_VALUE)
        _require(data[:2] == b"\0\0", _ExceptionCode.ILLEGAL_FUNCTION)
        return data

    def _set_coils(self, start: int, values: Sequence[bool]) -> None:
        now_s = self.instrument.elapsed_s()
        for address, on in enumerate(values, start=start):
            self.instrument.coils.write(address, on=on, now_s=now_s)

    def _require_populated(self, start: int, count: int, stride: int) -> None:
        if self.instrument.shows(FaultKind.NARROW_READS):
            touched = SLOTS[start // stride : (start + count - 1) // stride + 1]
            _require(self.instrument.populated.issuperset(touched))


def _unsupported(data: bytes) -> bytes:
    del data
    raise _Refusal(_ExceptionCode.ILLEGAL_FUNCTION)


def _address_and_count(data: bytes, most: int) -> tuple[int, int]:
    _require(len(data) == _ADDRESS_AND_NUMBER, _ExceptionCode.ILLEGAL_DATA_VALUE)
    address, count = struct.unpack(">HH", data)
    _require(1 <= count <= most, _ExceptionCode.ILLEGAL_DATA_VALUE)
    return address, count


def _require(holds: bool, code: _ExceptionCode = _ExceptionCode.ILLEGAL_DATA_ADDRESS) -> None:  # noqa: FBT001
    if not holds:
        raise _Refusal(code)


def _packed(bits: Sequence[bool]) -> bytes:
    """Byte count, then the bits, first one in the lowest bit of the first byte."""
    packed = bytearray((len(bits) + 7) // 8)
    for index, bit in enumerate(bits):
        packed[index // 8] |= bit << index % 8
    return bytes([len(packed)]) + packed
