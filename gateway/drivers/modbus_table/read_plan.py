"""Which Modbus reads make up one sweep, and what each costs on the wire."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import inf

from gateway.drivers.modbus_table.addresses import Span, Table
from gateway.drivers.modbus_table.settings import ModbusTableSettings
from gateway.drivers.modbus_table.table import Flag, RegisterTable
from gateway.model.readings import ProtocolKind
from gateway.model.wire_time import WireExchange, modbus_read

MOST_REGISTERS = 125
MOST_BITS = 2000
"""Of one read; Modbus application protocol V1.1b3, sections 6.1 to 6.4."""

EVERY_SWEEP = 0.0
ONCE = inf

_BITS_PER_REGISTER = 16
_WIDEST_GAP = 40
"""Registers that are worth reading for nothing: with their bytes a request less is bought, which costs an idle gap and
a turnaround, some 80 ms on a serial line of 19200 baud."""


@dataclass(frozen=True, slots=True)
class Block:
    """One read.

    Attributes:
        pieces: What is wanted of it, by address.
        every_s: Seconds between two reads of it: `EVERY_SWEEP`, `ONCE`, or a number.
    """

    pieces: tuple[Span, ...]
    every_s: float = EVERY_SWEEP

    @property
    def span(self) -> Span:
        """All that is read."""
        first = self.pieces[0]
        return Span(first.table, first.address, max(piece.end for piece in self.pieces) - first.address)

    def halves(self) -> tuple[Block, Block]:
        """Two reads for what one has not given, cut at the widest gap, else in the middle; there must be two pieces."""
        middle = max(range(1, len(self.pieces)), key=self._gap_before)
        return Block(self.pieces[:middle], self.every_s), Block(self.pieces[middle:], self.every_s)

    def _gap_before(self, place: int) -> tuple[int, int]:
        gap = self.pieces[place].address - self.pieces[place - 1].end
        return max(gap, 0), -abs(2 * place - len(self.pieces))


def plan_reads(table: RegisterTable, settings: ModbusTableSettings) -> tuple[Block, ...]:
    """The fewest reads that the settings allow.

    What tells of the status is read in every sweep, however slow its channel is.
    """
    pace: dict[Span, float] = {}
    for value in table.values:
        own = ONCE if value.spec.once else value.spec.every_s or EVERY_SWEEP
        pace[value.span] = min(own, pace.get(value.span, ONCE))
    for flag in all_flags(table):
        pace[flag.span] = EVERY_SWEEP
    return tuple(_blocks(pace, settings))


def all_flags(table: RegisterTable) -> Iterator[Flag]:
    """Every source of every flag."""
    for flags in (table.flags, *(value.flags for value in table.values)):
        for sources in flags.values():
            yield from sources


def most_entries(table: Table, largest_read: int) -> int:
    """Most registers or bits of one read.

    Args:
        table: Where it reads.
        largest_read: `largest_read` of the settings.
    """
    return min(MOST_BITS, _BITS_PER_REGISTER * largest_read) if table.of_bits else min(MOST_REGISTERS, largest_read)


def _blocks(pace: Mapping[Span, float], settings: ModbusTableSettings) -> Iterator[Block]:
    for table in Table:
        most = most_entries(table, settings.largest_read)
        widest = _WIDEST_GAP * (_BITS_PER_REGISTER if table.of_bits else 1)
        gap = widest if settings.gaps == "allowed" else 0
        for every_s in sorted(set(pace.values())):
            wanted = [span for span, own in pace.items() if span.table is table and own == every_s]
            for pieces in _joined(wanted, most, gap):
                yield Block(pieces, every_s)


def _joined(spans: Iterable[Span], most: int, gap: int) -> Iterator[tuple[Span, ...]]:
    run: list[Span] = []
    end = 0
    for span in sorted(spans, key=lambda each: (each.address, each.count)):
        if run and (span.address > end + gap or max(end, span.end) - run[0].address > most):
            yield tuple(run)
            run = []
        end = max(end, span.end) if run else span.end
        run.append(span)
    if run:
        yield tuple(run)


def sweep_exchanges(blocks: Iterable[Block], protocol: ProtocolKind) -> tuple[WireExchange, ...]:
    """Bytes of each transaction of a sweep: all that is read in every one, and the largest of the slow reads."""
    each = [_data_bytes(block.span) for block in blocks if block.every_s == EVERY_SWEEP]
    slow = [_data_bytes(block.span) for block in blocks if block.every_s != EVERY_SWEEP]
    sizes = [*each, max(slow)] if slow else each
    return tuple(modbus_read(protocol, size) for size in sizes)


def _data_bytes(span: Span) -> int:
    return (span.count + 7) // 8 if span.table.of_bits else 2 * span.count
