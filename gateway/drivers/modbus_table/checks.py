"""What types alone do not show of a register table as a whole: what is served, overlaps, and what is read when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations

from gateway.drivers.modbus_table.addresses import Span
from gateway.drivers.modbus_table.channel_checks import channel_problems
from gateway.drivers.modbus_table.flag_checks import Problem, flag_problems
from gateway.drivers.modbus_table.read_plan import EVERY_SWEEP, MOST_REGISTERS, plan_reads
from gateway.drivers.modbus_table.settings import ModbusTableSettings, RegisterType
from gateway.drivers.modbus_table.table import TableValue, resolve_table, resolve_value
from gateway.drivers.modbus_table.write_commands import action_name
from gateway.model.readings import ProtocolKind

HIGHEST_ADDRESS = 247
HIGHEST_TCP_ADDRESS = 255


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
        found = list(channel_problems(name, channel, settings))
        for path, message in found:
            yield ("channels", name, *path), message
        if not found:
            resolved[name] = resolve_value(name, channel, settings)
    found = list(flag_problems(settings.status, settings.first_address))
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
