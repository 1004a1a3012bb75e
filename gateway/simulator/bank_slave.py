"""Modbus server of one register bank: request PDU in, answer PDU out.

Function codes 01 to 06, 08, 15 and 16 of the Modbus Application Protocol V1.1b3.
"""

from __future__ import annotations

import struct

from gateway.simulator.bank_settings import BankTable
from gateway.simulator.pdu import (
    ADDRESS_AND_NUMBER,
    MOST_BITS_READ,
    MOST_COILS_WRITTEN,
    MOST_REGISTERS_READ,
    MOST_REGISTERS_WRITTEN,
    ExceptionCode,
    Function,
    Refusal,
    address_and_count,
    answered,
    coil_write,
    packed,
    require,
    unpacked,
    written,
)
from gateway.simulator.register_bank import RegisterBank


class BankSlave:
    """Answers requests from a register bank."""

    def __init__(self, bank: RegisterBank) -> None:
        self.instrument = bank
        self._functions: dict[int, Function] = {
            1: lambda data: self._read_bits(BankTable.COIL, data),
            2: lambda data: self._read_bits(BankTable.DISCRETE, data),
            3: lambda data: self._read_registers(BankTable.HOLDING, data),
            4: lambda data: self._read_registers(BankTable.INPUT, data),
            5: self._write_coil,
            6: self._write_register,
            8: self._diagnose,
            15: self._write_coils,
            16: self._write_registers,
        }

    def answer(self, request: bytes) -> bytes:
        """Carry out one request and return the answer PDU; never raises for what a master sends.

        Args:
            request: Function code and data, at least one byte.
        """
        return answered(self._functions, request)

    def _entries(self, table: BankTable, first: int, count: int) -> list[int]:
        entries = self.instrument.read(table, first, count)
        if entries is None:
            raise Refusal(ExceptionCode.ILLEGAL_DATA_ADDRESS)
        return entries

    def _read_bits(self, table: BankTable, data: bytes) -> bytes:
        return packed([bool(bit) for bit in self._entries(table, *address_and_count(data, MOST_BITS_READ))])

    def _read_registers(self, table: BankTable, data: bytes) -> bytes:
        first, count = address_and_count(data, MOST_REGISTERS_READ)
        return struct.pack(f">B{count}H", 2 * count, *self._entries(table, first, count))

    def _write_coil(self, data: bytes) -> bytes:
        address, on = coil_write(data)
        require(self.instrument.write(BankTable.COIL, address, [on]))
        return data

    def _write_register(self, data: bytes) -> bytes:
        require(len(data) == ADDRESS_AND_NUMBER, ExceptionCode.ILLEGAL_DATA_VALUE)
        address, value = struct.unpack(">HH", data)
        require(self.instrument.write(BankTable.HOLDING, address, [value]))
        return data

    def _write_coils(self, data: bytes) -> bytes:
        first, content = written(data, MOST_COILS_WRITTEN, bits=True)
        count = int.from_bytes(data[2:ADDRESS_AND_NUMBER], "big")
        require(self.instrument.write(BankTable.COIL, first, unpacked(content, count)))
        return data[:ADDRESS_AND_NUMBER]

    def _write_registers(self, data: bytes) -> bytes:
        first, content = written(data, MOST_REGISTERS_WRITTEN, bits=False)
        values = struct.unpack(f">{len(content) // 2}H", content)
        require(self.instrument.write(BankTable.HOLDING, first, values))
        return data[:ADDRESS_AND_NUMBER]

    def _diagnose(self, data: bytes) -> bytes:
        require(len(data) >= 2, ExceptionCode.ILLEGAL_DATA_VALUE)
        require(data[:2] == b"\0\0", ExceptionCode.ILLEGAL_FUNCTION)
        return data
