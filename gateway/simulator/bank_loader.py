"""From the mapping of a YAML file to a register bank."""

from __future__ import annotations

import re
from collections.abc import Callable

from gateway.simulator.bank_settings import FORMATS, ORDERS, BankSettings, BankTable, CellSettings
from gateway.simulator.faults import Fault
from gateway.simulator.mapping_reader import MappingReader
from gateway.simulator.signals import Constant, Signal

_PLACE = re.compile(rf"(?P<table>{'|'.join(BankTable)}) (?P<address>0x[0-9a-fA-F]+|\d+)")


def load_bank(
    reader: MappingReader, signal: Callable[[MappingReader], Signal], fault: Callable[[MappingReader], Fault]
) -> BankSettings:
    """Read one instrument; what is wrong goes to the problems of the reader.

    Args:
        reader: At the instrument; it has the key `registers`.
        signal: Reads the key `signal`.
        fault: Reads one fault.
    """
    registers = reader.inner("registers")
    cells = (_cell(registers, place, signal) for place in registers.keys())  # noqa: SIM118 - not a dict
    bank = BankSettings(
        address=reader.whole("address", 1),
        cells=tuple(cell for cell in cells if cell is not None),
        faults=tuple(map(fault, reader.items("faults"))) if reader.has("faults") else (),
        slow_s=reader.not_negative("slow_s", 1.0),
        gaps=reader.has("gaps") and _truth(reader, "gaps"),
    )
    reader.close()
    return bank


def _truth(reader: MappingReader, key: str) -> bool:
    value = reader.raw(key)
    if not isinstance(value, bool):
        reader.problem("true or false is needed", key)
    return value is True


def _cell(registers: MappingReader, place: str, signal: Callable[[MappingReader], Signal]) -> CellSettings | None:
    """`holding 12: {type: f32, order: CDAB, signal: 20.5}`, or `holding 12: 7` for a number that stays."""
    found = _PLACE.fullmatch(place)
    if found is None:
        registers.problem("a table and an address are needed, such as 'holding 12'", place)
        return None
    table, address = BankTable(found["table"]), int(found["address"], 0)
    if not isinstance(registers.raw(place), dict):
        return CellSettings(table, address, signal=Constant(registers.number(place, 0.0)))
    reader = registers.inner(place)
    cell = CellSettings(
        table,
        address,
        reader.choice("type", list(FORMATS), "u16") or "u16",
        reader.choice("order", list(ORDERS), "ABCD") or "ABCD",
        signal(reader) if reader.has("signal") else Constant(0.0),
        reader.text("text") if reader.has("text") else "",
    )
    reader.close()
    return cell
