"""What an instrument last said, register by register, and what of it is new."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.drivers.modbus_table.addresses import Span, Table


class TableImage:
    """Registers and bits as they were last read, and those that the instrument refuses."""

    def __init__(self) -> None:
        self._entries: dict[Table, dict[int, int]] = {table: {} for table in Table}
        self._refused: set[Span] = set()
        self._new: set[Span] = set()

    def begin(self) -> None:
        """A sweep begins: nothing is new."""
        self._new.clear()

    def take(self, pieces: Sequence[Span], block: Span, values: Sequence[int]) -> None:
        """Take one answer.

        Args:
            pieces: What is wanted of it.
            block: What was read.
            values: Registers, or bits as 0 and 1.
        """
        self._entries[block.table].update(zip(range(block.address, block.end), values, strict=True))
        self._new.update(pieces)
        self._refused.difference_update(pieces)

    def refuse(self, piece: Span) -> None:
        """The instrument does not give this."""
        self._refused.add(piece)
        self._new.add(piece)

    def is_new(self, piece: Span) -> bool:
        """Whether it has been read, or refused, in this sweep."""
        return piece in self._new

    def is_refused(self, piece: Span) -> bool:
        """Whether the instrument last refused it."""
        return piece in self._refused

    def entries(self, piece: Span) -> tuple[int, ...] | None:
        """What it last was; None before that."""
        known = self._entries[piece.table]
        try:
            return tuple([known[address] for address in range(piece.address, piece.end)])
        except KeyError:
            return None
