"""Where something is on a Modbus instrument: one of the four tables, and an address in it.

Vendors print addresses in three ways: as they travel (from 0), counted from 1, or as numbers whose first digit is the
table (40001 is the first holding register). Inside the driver every address is that of the protocol data unit, from 0;
Modbus application protocol V1.1b3, section 4.4.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

LAST_ADDRESS = 0xFFFF

_FORM = re.compile(r"(?P<table>[a-z]+) +(?P<address>0[xX][0-9a-fA-F]+|[0-9]+)")
_BARE = re.compile(r"[0-9]+|0[xX][0-9a-fA-F]+")
_DATA_MODEL = "number"
_LEAST_LONG_NUMBER = 100_000


class Table(Enum):
    """One of the four tables: name in the settings, name for people, function code that reads, first number."""

    COIL = ("coil", "coil", 1, 1)
    DISCRETE = ("discrete", "discrete input", 2, 10_001)
    INPUT = ("input", "input register", 4, 30_001)
    HOLDING = ("holding", "holding register", 3, 40_001)

    def __init__(self, key: str, text: str, function: int, first_number: int) -> None:
        self.key = key
        self.text = text
        self.function = function
        self.first_number = first_number

    @property
    def of_bits(self) -> bool:
        """Whether its entries are single bits, not registers."""
        return self in (Table.COIL, Table.DISCRETE)

    def number(self, address: int) -> str:
        """The number of an address in the data model, `40001`; six digits where five are not enough."""
        number = self.first_number + address
        digit, width = divmod(self.first_number, 10_000)[0], 5
        if address >= 9999:
            number, width = digit * _LEAST_LONG_NUMBER + address + 1, 6
        return f"{number:0{width}d}"


@dataclass(frozen=True, slots=True)
class Span:
    """Neighbouring entries of one table.

    Attributes:
        table: Which table.
        address: First address of the protocol data unit.
        count: Registers or bits.
    """

    table: Table
    address: int
    count: int = 1

    @property
    def end(self) -> int:
        """The address after the last one."""
        return self.address + self.count

    def overlaps(self, other: Span) -> bool:
        """Whether the two share an entry."""
        return self.table is other.table and self.address < other.end and other.address < self.end

    def __str__(self) -> str:
        """For people: `holding registers 40001 and 40002 (PDU addresses 0 and 1)`."""
        if self.count == 1:
            return f"{self.table.text} {self.table.number(self.address)} (PDU address {self.address})"
        last, between = self.end - 1, "and" if self.count == 2 else "to"
        numbers = f"{self.table.number(self.address)} {between} {self.table.number(last)}"
        return f"{self.table.text}s {numbers} (PDU addresses {self.address} {between} {last})"


def parse_place(text: str, first_address: int) -> tuple[Table, int]:
    """Read `holding 100`, `input 0x0C`, `coil 3`, `discrete 8` or `number 40101`.

    Args:
        text: As written in the settings.
        first_address: What the first entry of a table is called there, 0 or 1; without meaning for `number`.

    Returns:
        Table and address of the protocol data unit.

    Raises:
        ValueError: It is none of these; the message says what to write, behind a semicolon.
    """
    found = _FORM.fullmatch(text)
    tables = {table.key: table for table in Table}
    if not found or found["table"] not in {*tables, _DATA_MODEL}:
        raise ValueError(_misread(text))
    address = int(found["address"], 16 if found["address"][:2] in ("0x", "0X") else 10)
    if found["table"] == _DATA_MODEL:
        return _by_number(address)
    table = tables[found["table"]]
    if not first_address <= address <= LAST_ADDRESS + first_address:
        last = LAST_ADDRESS + first_address
        raise ValueError(
            f"'{text}' is not in the table; addresses are {first_address} to {last} with first_address:"
            f" {first_address}, and a number such as 40001 is written 'number 40001'"
        )
    return table, address - first_address


def _misread(text: str) -> str:
    if _BARE.fullmatch(text):
        return (
            f"'{text}' does not say which table it is in; write 'holding {text}', 'input {text}', 'coil {text}' or"
            f" 'discrete {text}', or 'number {text}' if its first digit is the table"
        )
    return (
        f"'{text}' is no place; write a table and an address, such as 'holding 0', 'input 12', 'coil 3' or"
        " 'discrete 8', or a number of the data model, such as 'number 40001'"
    )


def _by_number(number: int) -> tuple[Table, int]:
    digit, place = divmod(number, _LEAST_LONG_NUMBER if number >= _LEAST_LONG_NUMBER else 10_000)
    table = {0: Table.COIL, 1: Table.DISCRETE, 3: Table.INPUT, 4: Table.HOLDING}.get(digit)
    if table is None or not 1 <= place <= LAST_ADDRESS + 1:
        raise ValueError(
            f"there is no number {number} in the data model; coils begin at 1, discrete inputs at 10001, input"
            " registers at 30001 and holding registers at 40001, with six digits at 100001, 300001 and 400001"
        )
    return table, place - 1
