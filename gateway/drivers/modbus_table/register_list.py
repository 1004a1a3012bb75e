"""A vendor's register list, as it comes out of a spreadsheet, to channels of a template."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from gateway.drivers.modbus_table.addresses import Table, parse_place
from gateway.drivers.modbus_table.channel_checks import RESERVED
from gateway.drivers.modbus_table.checks import problems
from gateway.drivers.modbus_table.register_cells import read_address, read_factor, read_table, read_type
from gateway.drivers.modbus_table.register_rows import Row, read_rows
from gateway.drivers.modbus_table.settings import ModbusTableSettings, RegisterType, TableChannel
from gateway.errors import SettingsError
from gateway.model.readings import ProtocolKind

_WORD = re.compile(r"[A-Za-z0-9]+")


class Notation(StrEnum):
    """What the addresses of a list are."""

    AUTO = "auto"
    FROM_0 = "0"
    FROM_1 = "1"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class ListFormat:
    """How a list is to be read, where it does not say so itself.

    Attributes:
        columns: Column, one of `register_rows.HEADINGS`, to its heading in this list.
        table: Table of rows that name none.
        type: Type of rows that name none.
        notation: What the addresses are; `AUTO` takes them for numbers of the data model when most of them look so, and
            for addresses from 0 otherwise.
        delimiter: Between two cells; empty to find out.
    """

    columns: Mapping[str, str]
    table: Table | None = None
    type: RegisterType | None = None
    notation: Notation = Notation.AUTO
    delimiter: str = ""


def read_list(text: str, file: str, wanted: ListFormat) -> ModbusTableSettings:
    """The channels of a list, in its order.

    Args:
        text: The list as comma-separated values with a heading.
        file: Its name, for messages.
        wanted: How to read it.

    Raises:
        InputError: It has no heading, or lacks a column.
        SettingsError: Every row that cannot be used, with its line.
    """
    rows = list(read_rows(text, file, wanted.columns, wanted.delimiter))
    found: list[str] = []
    notation = _notation(rows, wanted)
    channels: dict[str, TableChannel] = {}
    lines: dict[str, int] = {}
    for row in rows:
        try:
            channel = _channel(row.cells, wanted, notation)
        except ValueError as error:
            found.append(f"{file}:{row.line}: {error}")
            continue
        name = _unused(channel_name(row.cells["name"]), channels)
        channels[name], lines[name] = channel, row.line
    settings = ModbusTableSettings(channels, first_address=1 if notation is Notation.FROM_1 else 0)
    for path, message in problems(settings, ProtocolKind.MODBUS_RTU):
        line = f":{lines[path[1]]}" if path[0] == "channels" and len(path) > 1 else ""
        found.append(f"{file}{line}: {message}")
    if found:
        raise SettingsError(found)
    return settings


def _notation(rows: Sequence[Row], wanted: ListFormat) -> Notation:
    if wanted.notation is not Notation.AUTO:
        return wanted.notation
    votes = [_looks_like_number(row.cells, wanted) for row in rows]
    return Notation.NUMBER if votes.count(True) > votes.count(False) else Notation.FROM_0


def _looks_like_number(cells: Mapping[str, str], wanted: ListFormat) -> bool | None:
    """Whether an address is one of the data model, and of the table that its row names; None where nothing tells."""
    try:
        named = read_table(cells["table"]) if cells.get("table") else wanted.table
        address = read_address(cells["address"])
    except ValueError:
        return None
    if named is Table.COIL:
        return None
    try:
        table, _ = parse_place(f"number {address}", 0)
    except ValueError:
        return False
    return table is named if named is not None else table is not Table.COIL


def _channel(cells: Mapping[str, str], wanted: ListFormat, notation: Notation) -> TableChannel:
    if not cells["name"]:
        raise ValueError("the row has no name; give it one, or remove it")
    address = read_address(cells["address"])
    table = read_table(cells["table"]) if cells.get("table") else wanted.table
    if notation is Notation.NUMBER:
        at = f"number {address}"
        if table is not None and parse_place(at, 0)[0] is not table:
            raise ValueError(
                f"number {address} is no {table.text}; is the table wrong, or do addresses begin at 0 or 1?"
            )
    elif table is None:
        raise ValueError("which table it is in is not said; add a column 'table', or give --table holding")
    else:
        at = f"{table.key} {address}"
    channel = TableChannel(at=at, unit=cells.get("unit", ""), description=cells.get("description", "") or cells["name"])
    kind, length = read_type(cells["type"]) if cells.get("type") else (wanted.type, None)
    if cells.get("length"):
        length = read_address(cells["length"]) if kind is RegisterType.STRING else None
    if cells.get("bit"):
        channel, kind = replace(channel, bit=read_address(cells["bit"])), None
    of_bits = parse_place(at, 1 if notation is Notation.FROM_1 else 0)[0].of_bits
    scale = read_factor(cells["scale"]) if cells.get("scale") else 1.0
    return replace(channel, type=None if of_bits else kind, length=length, scale=scale)


def channel_name(text: str) -> str:
    """A name for nodes and PVs out of words for people: `PhaseAngleL1` for `Phase angle L1 (deg)`."""
    words = _WORD.findall(text)
    name = "".join(word[0].upper() + word[1:] for word in words)
    return name if name[:1].isalpha() and name not in RESERVED else f"Channel{name}"


def _unused(name: str, taken: Mapping[str, object]) -> str:
    number = 2
    candidate = name
    while candidate in taken:
        candidate, number = f"{name}_{number}", number + 1
    return candidate
