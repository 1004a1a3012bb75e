"""Which Modbus reads make up one sweep, and what each costs on the wire."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from gateway.drivers.servomex4100.channels import (
    ALL_REGISTERS,
    ALL_SLOT_BITS,
    ANALYSER_BITS,
    ANALYSER_BITS_ADDRESS,
    SLOT_BITS,
    SLOT_BY_ID,
    SLOT_REGISTERS,
)
from gateway.model.readings import ProtocolKind
from gateway.model.wire_time import WireExchange, modbus_read


class Table(StrEnum):
    """The Modbus table a read goes to."""

    INPUT_REGISTERS = "input registers"
    DISCRETE_INPUTS = "discrete inputs"


@dataclass(frozen=True, slots=True)
class BlockRead:
    """One read request: function code 04 or 02.

    Attributes:
        table: Input registers (04) or discrete inputs (02).
        address: First address of the protocol data unit.
        count: Registers or bits.
    """

    table: Table
    address: int
    count: int

    @property
    def data_bytes(self) -> int:
        """Bytes of data in the answer."""
        return 2 * self.count if self.table is Table.INPUT_REGISTERS else (self.count + 7) // 8


@dataclass(frozen=True, slots=True)
class ReadPlan:
    """The reads of one sweep, in order, and the channels that come out of it.

    Attributes:
        channels: Identities of the channels to decode, in the order in which their readings are wanted.
        reads: Requests of one sweep. The values come last, so that they are published in the moment in which they
            arrive; read first, they would wait 160 ms for the states on a line of 19200 baud.
    """

    channels: tuple[str, ...]
    reads: tuple[BlockRead, ...]


_ANALYSER_READ = BlockRead(Table.DISCRETE_INPUTS, ANALYSER_BITS_ADDRESS, ANALYSER_BITS)


def full_plan(channels: Sequence[str]) -> ReadPlan:
    """Three reads that cover every slot: fewest transactions, since gaps cost more than bytes.

    Raises:
        ValueError: There is no such channel, or it is given twice.
    """
    return ReadPlan(
        _checked(channels),
        (
            _ANALYSER_READ,
            BlockRead(Table.DISCRETE_INPUTS, 0, ALL_SLOT_BITS),
            BlockRead(Table.INPUT_REGISTERS, 0, ALL_REGISTERS),
        ),
    )


def strict_plan(channels: Sequence[str]) -> ReadPlan:
    """Reads that never touch a slot that is not wanted, for an instrument that refuses or ignores the full plan.

    Raises:
        ValueError: There is no such channel, or it is given twice.
    """
    wanted = _checked(channels)
    runs = list(_runs(SLOT_BY_ID[channel].index for channel in wanted))
    registers = (
        BlockRead(Table.INPUT_REGISTERS, SLOT_REGISTERS * first, SLOT_REGISTERS * slots) for first, slots in runs
    )
    bits = (BlockRead(Table.DISCRETE_INPUTS, SLOT_BITS * first, SLOT_BITS * slots) for first, slots in runs)
    return ReadPlan(wanted, (_ANALYSER_READ, *bits, *registers))


def plan_exchanges(plan: ReadPlan, protocol: ProtocolKind) -> tuple[WireExchange, ...]:
    """Bytes of each transaction of a plan, request and answer, for the time budget of the bus.

    Raises:
        ValueError: The protocol is not a Modbus one.
    """
    return tuple(modbus_read(protocol, read.data_bytes) for read in plan.reads)


def _checked(channels: Sequence[str]) -> tuple[str, ...]:
    for place, channel in enumerate(channels):
        if channel not in SLOT_BY_ID:
            raise ValueError(f"there is no channel '{channel}'; the instrument has {', '.join(SLOT_BY_ID)}")
        if channel in channels[:place]:
            raise ValueError(f"channel '{channel}' is given twice")
    return tuple(channels)


def _runs(indices: Iterable[int]) -> Iterable[tuple[int, int]]:
    """Neighbouring slots joined: first index and number of each run."""
    run: list[int] = []
    for index in sorted(indices):
        if run and index != run[-1] + 1:
            yield run[0], len(run)
            run = []
        run.append(index)
    if run:
        yield run[0], len(run)
