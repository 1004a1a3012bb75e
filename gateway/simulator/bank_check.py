"""Which register banks can exist."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.simulator.bank_settings import BankSettings, BankTable
from gateway.simulator.faults import FaultKind

LAST_ADDRESS = 247
_LAST_REGISTER = 0xFFFF
_FAULTS = frozenset({FaultKind.SILENT, FaultKind.SLOW, FaultKind.DAMAGED})


def bank_problems(bank: BankSettings) -> Iterator[str]:
    """Everything that is wrong, one sentence each."""
    if not 1 <= bank.address <= LAST_ADDRESS:
        yield f"address must be 1 to {LAST_ADDRESS}"
    if not bank.cells:
        yield "an instrument with registers needs at least one"
    taken: dict[tuple[BankTable, int], int] = {}
    for cell in bank.cells:
        place = f"{cell.table} {cell.address}"
        if not 0 <= cell.address <= _LAST_REGISTER + 1 - cell.count:
            yield f"{place} is not in the table, which ends at {_LAST_REGISTER}"
        for address in range(cell.address, cell.address + cell.count):
            other = taken.setdefault((cell.table, address), cell.address)
            if other != cell.address:
                yield f"{place} overlaps {cell.table} {other}"
                break
        if not all(ord(character) < 0x100 for character in cell.text):
            yield f"{place}: text may hold Latin-1 characters only"
    for fault in bank.faults:
        if fault.kind not in _FAULTS or fault.channel is not None:
            yield f"{fault.kind} cannot be set here; use one of {', '.join(sorted(_FAULTS))}, without a channel"
