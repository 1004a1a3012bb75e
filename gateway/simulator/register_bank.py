"""What stands in the registers of one simulated instrument: signals, and what masters have written over them."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from gateway.model.stamp import Clock
from gateway.simulator.bank_settings import FORMATS, BankSettings, BankTable, CellSettings
from gateway.simulator.faults import Fault, FaultBoard, FaultKind


class RegisterBank:
    """State of one instrument; tests switch its faults while lines serve it.

    What a master writes stays as it was written, entry by entry.

    Args:
        settings: Registers and initial faults.
        clock: Source of elapsed time.
    """

    def __init__(self, settings: BankSettings, clock: Clock) -> None:
        self.settings = settings
        self._clock = clock
        self._switched_on_ns = clock.monotonic_ns()
        self._board = FaultBoard(settings.faults)
        self._cells = {
            (cell.table, address): cell
            for cell in settings.cells
            for address in range(cell.address, cell.address + cell.count)
        }
        self._ends = {
            table: (min(places), max(places))
            for table in BankTable
            if (places := [at for of, at in self._cells if of is table])
        }
        self._written: dict[tuple[BankTable, int], int] = {}

    def switch_on(self, kind: FaultKind) -> None:
        """Let a fault of the whole instrument appear now and stay."""
        self._board.add(Fault(kind))

    def switch_off(self, kind: FaultKind) -> None:
        """Let a fault disappear for good."""
        self._board.remove(kind, None)

    def shows(self, kind: FaultKind) -> bool:
        """Whether a fault is active now."""
        return kind in self._board.active(None, self._elapsed_s())

    def read(self, table: BankTable, first: int, count: int) -> list[int] | None:
        """Registers or bits as they stand now; None where one of them does not exist."""
        now_s = self._elapsed_s()
        encoded: dict[CellSettings, Sequence[int]] = {}
        entries: list[int] = []
        for address in range(first, first + count):
            cell = self._cells.get((table, address))
            if cell is None:
                if not self._in_gap(table, address):
                    return None
                entries.append(0)
                continue
            if cell not in encoded:
                encoded[cell] = _encoded(cell, now_s)
            own = encoded[cell][address - cell.address]
            entries.append(self._written.get((table, address), own))
        return entries

    def write(self, table: BankTable, first: int, entries: Sequence[int]) -> bool:
        """Write registers or coils; False, and nothing is written, where one of them does not exist."""
        places = [(table, first + offset) for offset in range(len(entries))]
        if not self._cells.keys() >= set(places):
            return False
        self._written.update(zip(places, entries, strict=True))
        return True

    def _in_gap(self, table: BankTable, address: int) -> bool:
        first, last = self._ends.get(table, (0, -1))
        return self.settings.gaps and first <= address <= last

    def _elapsed_s(self) -> float:
        return (self._clock.monotonic_ns() - self._switched_on_ns) / 1e9


def _encoded(cell: CellSettings, now_s: float) -> Sequence[int]:
    if cell.table.of_bits:
        return [int(cell.signal.at(now_s) != 0)]
    value = cell.signal.at(now_s)
    if cell.text:
        content = cell.text.encode("latin-1").ljust(2 * cell.count, b"\0")
    else:
        content = struct.pack(FORMATS[cell.format], value if cell.format[0] == "f" else round(value))
    if cell.order in ("BADC", "DCBA"):
        content = b"".join(content[place : place + 2][::-1] for place in range(0, len(content), 2))
    words = struct.unpack(f">{cell.count}H", content)
    return words[::-1] if cell.order in ("CDAB", "DCBA") and not cell.text else words
