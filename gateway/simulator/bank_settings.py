"""A simulated instrument that is nothing but its registers: what stands in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from gateway.simulator.faults import Fault
from gateway.simulator.signals import Constant, Signal


class BankTable(StrEnum):
    """Table of the Modbus data model."""

    COIL = "coil"
    DISCRETE = "discrete"
    INPUT = "input"
    HOLDING = "holding"

    @property
    def of_bits(self) -> bool:
        """Whether its entries are single bits."""
        return self in (BankTable.COIL, BankTable.DISCRETE)


FORMATS = {"u16": ">H", "s16": ">h", "u32": ">I", "s32": ">i", "u64": ">Q", "s64": ">q", "f32": ">f", "f64": ">d"}
"""Types of numbers, as `struct` names them."""

ORDERS = ("ABCD", "CDAB", "BADC", "DCBA")


@dataclass(frozen=True, slots=True)
class CellSettings:
    """One value in the registers, or one bit.

    Attributes:
        table: Where it stands.
        address: First address of the protocol data unit.
        format: A key of `FORMATS`; without meaning for a bit.
        order: Order of its bytes, A the most significant.
        signal: The number in the registers; a bit is on where it is not 0.
        text: Characters in place of a number, two per register.
    """

    table: BankTable
    address: int
    format: str = "u16"
    order: str = "ABCD"
    signal: Signal = field(default_factory=lambda: Constant(0.0))
    text: str = ""

    @property
    def count(self) -> int:
        """Registers or bits that it occupies."""
        if self.table.of_bits:
            return 1
        return (len(self.text) + 1) // 2 if self.text else int(self.format[1:]) // 16


@dataclass(frozen=True, slots=True)
class BankSettings:
    """One instrument.

    Attributes:
        address: Modbus slave address, 1 to 247.
        cells: What stands in its registers; all other addresses are refused.
        gaps: Whether the addresses between the registers of a table answer 0 in place of that.
        faults: `silent`, `slow` and `damaged`, from the start or now and then.
        slow_s: How much longer it takes to answer while it shows the fault `slow`.
    """

    address: int
    cells: tuple[CellSettings, ...]
    faults: tuple[Fault, ...] = ()
    slow_s: float = 1.0
    gaps: bool = False
