"""What types alone do not show of one channel of a register table: its name, its place, its size, its numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.drivers.modbus_table.addresses import LAST_ADDRESS, Table, parse_place
from gateway.drivers.modbus_table.encoding import BCD_DIGITS, FLOATS, INTEGER_BYTES
from gateway.drivers.modbus_table.flag_checks import LAST_BIT, Problem, flag_problems
from gateway.drivers.modbus_table.read_plan import MOST_REGISTERS, most_entries
from gateway.drivers.modbus_table.settings import ModbusTableSettings, RegisterType, TableChannel
from gateway.drivers.modbus_table.table import resolve_value
from gateway.drivers.modbus_table.write_checks import write_problems

LONGEST_TEXT = 2 * MOST_REGISTERS
LONGEST_PACE_S = 604_800.0
RESERVED = frozenset({"Status", "Action", "Address", "Bus", "Diagnostics"})
"""Names beside the channels of an analyser, which every one has."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


def channel_problems(name: str, channel: TableChannel, settings: ModbusTableSettings) -> Iterator[Problem]:
    """What is wrong with one channel, its flags included.

    Args:
        name: Its name.
        channel: What the settings say of it.
        settings: Those of the analyser.
    """
    yield from flag_problems(channel.status, settings.first_address)
    if not _NAME.fullmatch(name):
        yield (), f"'{name}' is no name; write letters, digits, '_' and '-', beginning with a letter"
    elif name in RESERVED:
        yield (), f"'{name}' is what every analyser has beside its channels; choose another name"
    if not channel.at:
        yield (), "it is nowhere; add 'at:' with a table and an address, such as 'at: input 0'"
        return
    try:
        table, address = parse_place(channel.at, settings.first_address)
    except ValueError as error:
        yield ("at",), str(error)
        return
    found = [*_type_problems(table, channel), *_number_problems(table, channel)]
    yield from found
    if found:
        return
    value = resolve_value(name, channel, settings)
    most = most_entries(table, settings.largest_read)
    if address + value.span.count > LAST_ADDRESS + 1:
        yield ("at",), f"{value.type} needs {value.span.count} registers, which go past the last one; correct it"
    if value.span.count > most:
        yield (
            ("length",) if channel.length else ("type",),
            f"it occupies {value.span.count} registers, more than are read at once; raise largest_read ({most})",
        )
    yield from _pace_problems(channel)
    if channel.write is not None:
        for path, message in write_problems(value, channel.write):
            yield ("write", *path), message


def _type_problems(table: Table, channel: TableChannel) -> Iterator[Problem]:
    kind = channel.type
    if table.of_bits:
        if kind not in (None, RegisterType.BOOL):
            yield ("type",), f"a {table.text} is one bit, not {kind}; leave type out, or is it in 'holding' or 'input'?"
        if channel.bit is not None:
            yield ("bit",), f"a {table.text} is one bit already; leave bit out"
        return
    if channel.bit is not None and kind not in (None, RegisterType.BOOL):
        yield ("bit",), f"a bit of a register is a bool, not {kind}; leave bit out, or write 'type: bool'"
    if channel.bit is not None and not 0 <= channel.bit <= LAST_BIT:
        yield ("bit",), f"a register has no bit {channel.bit}; give 0 (lowest) to {LAST_BIT}, else its neighbour"
    if kind is RegisterType.STRING and not 1 <= (channel.length or 0) <= LONGEST_TEXT:
        yield ("length",), f"a string needs its length; give 1 to {LONGEST_TEXT} characters, two per register"
    if kind is not RegisterType.STRING and channel.length is not None:
        yield ("length",), "only a string has a length; leave it out, or write 'type: string'"


def _number_problems(table: Table, channel: TableChannel) -> Iterator[Problem]:
    is_flag = table.of_bits or channel.bit is not None or channel.type is RegisterType.BOOL
    is_number = not (is_flag or channel.type is RegisterType.STRING)
    if channel.scale == 0:
        yield ("scale",), "0 would make every value the same; write what one step of the register is worth"
    if not is_number or channel.texts:
        for key in ("range", "instrument_range", "limits"):
            if getattr(channel, key) is not None:
                yield (key,), "only a number has one; leave it out"
    if not is_number:
        for key, unset in (("scale", 1.0), ("offset", 0.0), ("no_data", ()), ("texts", {})):
            if getattr(channel, key) != unset:
                yield (key,), "only a number has one; leave it out"
        return
    if channel.texts and (channel.scale != 1 or channel.offset != 0 or channel.type in FLOATS):
        yield ("texts",), "texts belong to whole numbers as they stand; leave scale and offset out"
    size = INTEGER_BYTES.get(channel.type or RegisterType.U16)
    for number in channel.no_data:
        if size is not None and not (number == int(number) and -(1 << 8 * size - 1) <= number < 1 << 8 * size):
            yield ("no_data",), f"{number:g} is nothing that {channel.type or 'u16'} can say; give one of its numbers"
        elif channel.type in BCD_DIGITS and number != int(number):
            yield ("no_data",), f"{number:g} is nothing that {channel.type} can say; give a whole number"


def _pace_problems(channel: TableChannel) -> Iterator[Problem]:
    if channel.every_s is None:
        return
    if not 0 < channel.every_s <= LONGEST_PACE_S:
        yield ("every_s",), f"{channel.every_s:g} s is no pace; give up to {LONGEST_PACE_S:.0f} s, or leave it out"
    elif channel.once:
        yield ("every_s",), "once and every_s exclude each other; keep one of them"
