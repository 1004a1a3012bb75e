"""What types alone do not show of the flags of a register table."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.drivers.modbus_table.addresses import LAST_ADDRESS, parse_place
from gateway.drivers.modbus_table.settings import FlagSource, FlagSources
from gateway.drivers.modbus_table.table import FLAGS

LAST_BIT = 15

Problem = tuple[tuple[str, ...], str]
"""Key path, and what is wrong with its remedy behind a semicolon."""


def flag_problems(sources: FlagSources, first_address: int) -> Iterator[Problem]:
    """What is wrong with the flags of a channel, or of the instrument.

    Args:
        sources: Where they come from.
        first_address: What the table calls its first entry.
    """
    for name in FLAGS:
        given: tuple[FlagSource, ...] = getattr(sources, name)
        for place, source in enumerate(given):
            path = ("status", name, str(place))
            try:
                table, _ = parse_place(source.at, first_address)
            except ValueError as error:
                yield path, str(error)
                continue
            if table.of_bits and (source.bit is not None or source.values):
                yield path, f"a {table.text} is one bit already; leave bit and values out"
            elif source.bit is not None and source.values:
                yield path, "bit and values exclude each other; keep one of them"
            elif source.bit is not None and not 0 <= source.bit <= LAST_BIT:
                yield path, f"a register has no bit {source.bit}; give 0 (lowest) to {LAST_BIT}, else its neighbour"
            elif any(not 0 <= value <= LAST_ADDRESS for value in source.values):
                yield path, f"a register holds 0 to {LAST_ADDRESS}; correct values"
