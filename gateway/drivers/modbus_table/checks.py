"""What types alone do not show of a register table: places, sizes, overlaps, and what cannot be written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import combinations

from gateway.drivers.modbus_table.addresses import LAST_ADDRESS, Span, Table, parse_place
from gateway.drivers.modbus_table.encoding import BCD_DIGITS, FLOATS, INTEGER_BYTES, encode_number
from gateway.drivers.modbus_table.read_plan import EVERY_SWEEP, MOST_REGISTERS, most_entries, plan_reads
from gateway.drivers.modbus_table.scaling import nearest_whole
from gateway.drivers.modbus_table.settings import (
    FlagSource,
    FlagSources,
    ModbusTableSettings,
    RegisterType,
    TableChannel,
    WriteSpec,
)
from gateway.drivers.modbus_table.table import FLAGS, TableValue, resolve_table, resolve_value
from gateway.drivers.modbus_table.write_commands import action_name
from gateway.model.points import ValueKind
from gateway.model.readings import ProtocolKind

Problem = tuple[tuple[str, ...], str]

LONGEST_TEXT = 2 * MOST_REGISTERS
LONGEST_PACE_S = 604_800.0
HIGHEST_ADDRESS = 247
HIGHEST_TCP_ADDRESS = 255
RESERVED = frozenset({"Status", "Action", "Address", "Bus", "Diagnostics"})
"""Names beside the channels of an analyser, which every one has."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_LAST_BIT = 15


def problems(settings: ModbusTableSettings, protocol: ProtocolKind) -> Iterator[Problem]:
    """Every problem: key path inside the entry, and what is wrong with its remedy behind a semicolon."""
    highest = HIGHEST_TCP_ADDRESS if protocol is ProtocolKind.MODBUS_TCP else HIGHEST_ADDRESS
    if not 1 <= settings.address <= highest:
        yield ("address",), f"{settings.address} is no Modbus address; give 1 to {highest}"
    if not 1 <= settings.largest_read <= MOST_REGISTERS:
        yield ("largest_read",), f"{settings.largest_read} registers cannot be read at once; give 1 to {MOST_REGISTERS}"
        return
    yield from _choice_problems(settings)
    resolved: dict[str, TableValue] = {}
    for name, channel in settings.served.items():
        found = [
            *_channel_problems(name, channel, settings),
            *_flag_problems(channel.status, settings.first_address),
        ]
        for path, message in found:
            yield ("channels", name, *path), message
        if not found:
            resolved[name] = resolve_value(name, channel, settings)
    found = list(_flag_problems(settings.status, settings.first_address))
    yield from found
    yield from _between_channels(resolved)
    if len(resolved) == len(settings.served) and resolved and not found:
        blocks = plan_reads(resolve_table(settings), settings)
        if all(block.every_s != EVERY_SWEEP for block in blocks):
            yield (
                ("channels",),
                (
                    "nothing is read in every sweep, so nothing shows whether the instrument is there; leave every_s"
                    " and once out of one channel, and lower rate_hz instead"
                ),
            )


def _choice_problems(settings: ModbusTableSettings) -> Iterator[Problem]:
    known = ", ".join(settings.channels)
    for key, names in (("only", settings.only), ("drop", settings.drop)):
        for name in names:
            if name not in settings.channels:
                yield (key,), f"there is no channel '{name}'; the table has {known}"
    if settings.channels and not settings.served:
        yield ("drop",), "no channel is left to serve; shorten drop, or name others in only"


def _channel_problems(name: str, channel: TableChannel, settings: ModbusTableSettings) -> Iterator[Problem]:
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
        for path, message in _write_problems(value, channel.write):
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
    if channel.bit is not None and not 0 <= channel.bit <= _LAST_BIT:
        yield ("bit",), f"a register has no bit {channel.bit}; give 0 (lowest) to {_LAST_BIT}, else its neighbour"
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


def _write_problems(value: TableValue, write: WriteSpec) -> Iterator[Problem]:
    table = value.span.table
    if table in (Table.DISCRETE, Table.INPUT):
        yield (), f"a {table.text} can only be read; remove write, or is it in 'holding' or 'coil'?"
        return
    if value.spec.bit is not None:
        yield (), "one bit of a register cannot be written without its neighbours; serve the register, and write that"
        return
    if value.type is RegisterType.STRING:
        yield (), "texts are not written; remove write"
        return
    if write.function is not None and table is Table.COIL:
        yield ("function",), "a coil is written with function code 5; leave function out"
    if write.function == 6 and value.span.count > 1:
        yield ("function",), f"function code 6 writes one register, {value.type} needs {value.span.count}; write 16"
    if value.kind is ValueKind.BOOLEAN:
        return
    for key in ("lowest", "highest"):
        if getattr(write, key) is None:
            yield (), f"it has no '{key}'; add the {key} value that may ever be written"
            return
    lowest, highest = write.lowest or 0.0, write.highest or 0.0
    if not lowest < highest:
        yield ("lowest",), f"{lowest:g} to {highest:g} is no range; lowest must be less than highest"
    for key, end in (("lowest", lowest), ("highest", highest)):
        number = value.scaling.number(end)
        try:
            encode_number(value.type, float(number) if value.type in FLOATS else nearest_whole(number))
        except ValueError as error:
            yield (key,), f"{end:g} cannot be written: {error}; correct it, or the scale"


def _flag_problems(sources: FlagSources, first_address: int) -> Iterator[Problem]:
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
            elif source.bit is not None and not 0 <= source.bit <= _LAST_BIT:
                yield path, f"a register has no bit {source.bit}; give 0 (lowest) to {_LAST_BIT}, else its neighbour"
            elif any(not 0 <= value <= LAST_ADDRESS for value in source.values):
                yield path, f"a register holds 0 to {LAST_ADDRESS}; correct values"


def _between_channels(resolved: Mapping[str, TableValue]) -> Iterator[Problem]:
    for (name, one), (other_name, other) in combinations(resolved.items(), 2):
        if _clash(one, other):
            yield (
                ("channels", other_name, "at"),
                f"{_short(other.span)} overlap those of {name}, {_short(one.span)}; is an address or a type wrong?",
            )
    actions: dict[str, str] = {}
    for name, value in resolved.items():
        first = actions.setdefault(action_name(name), name) if value.spec.write is not None else name
        if first != name:
            yield (
                ("channels", name),
                f"writing it would be called {action_name(name)}, like writing {first}; rename one",
            )


def _clash(one: TableValue, other: TableValue) -> bool:
    """Whether two values share a register in a way that no vendor means: bits and equal spans may be shared."""
    if one.span == other.span or not one.span.overlaps(other.span):
        return False
    return RegisterType.BOOL not in (one.type, other.type)


def _short(span: Span) -> str:
    return str(span) if span.count > 1 else f"the entries of {span}"
