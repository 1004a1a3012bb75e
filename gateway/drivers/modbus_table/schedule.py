"""Which blocks are read in the next sweep, and what becomes of a block that is refused."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from gateway.drivers.modbus_table.read_plan import EVERY_SWEEP, ONCE, Block

RETRY_S = 60.0
"""Seconds, at least, until something that was refused is asked for again."""


@dataclass(slots=True, eq=False)
class _Entry:
    """One block.

    Attributes:
        block: What is read.
        refused: Whether the instrument has refused it when it was last asked.
        read_ns: Monotonic time of the last sweep that asked for it; None when it is still to be asked for.
    """

    block: Block
    refused: bool = False
    read_ns: int | None = None

    @property
    def every_s(self) -> float:
        """Seconds between two reads, as things stand."""
        own = self.block.every_s
        if not self.refused:
            return own
        return RETRY_S if own == ONCE else max(own, RETRY_S)


class ReadSchedule:
    """The blocks of one instrument.

    What is slow is read one block per sweep, the most overdue one first, so that sweeps stay of one length; only what
    has missed half of its own pace is read beside another. Time is that of the sweeps themselves.

    Args:
        blocks: The plan.
    """

    def __init__(self, blocks: Iterable[Block]) -> None:
        self._entries = [_Entry(block) for block in blocks]
        self._last_ns = self._gap_ns = 0

    def next_sweep(self) -> list[Block]:
        """Blocks to read now; what is read in every sweep comes last, as its values are published at once."""
        each = [entry.block for entry in self._entries if entry.every_s == EVERY_SWEEP]
        slow = [entry for entry in self._entries if entry.every_s != EVERY_SWEEP]
        slow.sort(key=lambda entry: (entry.read_ns is None, self._missed_s(entry)), reverse=True)
        first = [entry for entry in slow[:1] if self._missed_s(entry) >= 0 or not each]
        late = [entry for entry in slow[1:] if self._missed_s(entry) > entry.every_s / 2]
        return [*(entry.block for entry in (*first, *late)), *each]

    def swept(self, blocks: Collection[Block], now_ns: int) -> None:
        """These blocks have been asked for in the sweep that ended now, whatever came of it."""
        for entry in self._entries:
            if entry.block in blocks:
                entry.read_ns = now_ns
        self._gap_ns = now_ns - self._last_ns if self._last_ns else 0
        self._last_ns = now_ns

    def interrupted(self) -> None:
        """The instrument was away: what it says once, and what it has refused, may be another matter now."""
        for entry in self._entries:
            if entry.refused or entry.block.every_s == ONCE:
                entry.read_ns = None

    def take_apart(self, block: Block) -> None:
        """Read a block in two parts from now on; it has two pieces at least."""
        place = self._entries.index(self._entry(block))
        self._entries[place : place + 1] = [_Entry(half) for half in block.halves()]

    def set_refused(self, block: Block, *, refused: bool) -> bool:
        """Ask for a block rarely from now on, or as planned again; whether that is news."""
        entry = self._entry(block)
        news = entry.refused is not refused
        entry.refused = refused
        return news

    def _entry(self, block: Block) -> _Entry:
        return next(entry for entry in self._entries if entry.block == block)

    def _missed_s(self, entry: _Entry) -> float:
        """Seconds by which a slow block is overdue at the sweep to come; negative while it is not."""
        if entry.read_ns is None:
            return 0.0
        return (self._last_ns + self._gap_ns - entry.read_ns) / 1e9 - entry.every_s
