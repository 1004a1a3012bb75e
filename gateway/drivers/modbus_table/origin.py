"""Where each point comes from on the wire, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gateway.drivers.modbus_table.points import FLAG_POINTS, STATUS
from gateway.drivers.modbus_table.settings import ModbusTableSettings, RegisterType
from gateway.drivers.modbus_table.table import Flag, RegisterTable, TableValue


def origin(table: RegisterTable, settings: ModbusTableSettings, path: tuple[str, ...]) -> str:
    """Registers of one point and how they are decoded; empty for a point that the instrument does not send."""
    match path:
        case (channel, "Value"):
            found = next((value for value in table.values if value.name == channel), None)
            return "" if found is None else _value_text(found, settings)
        case (owner, leaf):
            flags = table.flags if owner == STATUS else _flags_of(table, owner)
            name = next((flag for flag, (point, _, _) in FLAG_POINTS.items() if point == leaf), "")
            return _flag_text(flags[name]) if name in flags else ""
        case _:
            return ""


def _flags_of(table: RegisterTable, channel: str) -> dict[str, tuple[Flag, ...]]:
    return next((dict(value.flags) for value in table.values if value.name == channel), {})


def _value_text(value: TableValue, settings: ModbusTableSettings) -> str:
    where = str(value.span)
    place = f"{where[0].upper()}{where[1:]}, function code {value.span.table.function:02d}"
    table = f" The table is that of {settings.template}." if settings.template else ""
    return f"{place}: {', '.join(_decoding(value))}. It is read {_pace(value)}.{table}"


def _decoding(value: TableValue) -> Iterator[str]:
    spec = value.spec
    if value.span.table.of_bits:
        yield "1 when it is true"
        return
    if spec.bit is not None:
        yield f"bit {spec.bit}, the lowest being 0"
        return
    if value.type is RegisterType.STRING:
        yield f"{spec.length} characters, two per register"
    elif value.type is RegisterType.BOOL:
        yield "true when it is not 0"
    else:
        yield str(value.type)
    if value.span.count > 1 or spec.order is not None:
        yield f"bytes in the order {value.order}"
    if not value.scaling.is_identity:
        yield f"times {spec.scale:.15g}" + (f", plus {spec.offset:.15g}" if spec.offset else "")
    if spec.unit:
        yield f"in {spec.unit}"
    if spec.texts:
        yield "shown as " + ", ".join(f"{number} '{text}'" for number, text in spec.texts.items())
    if spec.no_data:
        yield "no value at " + " or ".join(f"{number:.15g}" for number in spec.no_data)


def _pace(value: TableValue) -> str:
    if value.spec.once:
        return "after a start and after every loss of communication"
    return "in every sweep" if value.spec.every_s is None else f"every {value.spec.every_s:g} s"


def _flag_text(sources: Sequence[Flag]) -> str:
    return f"Up when {', or '.join(_source_text(flag) for flag in sources)}."


def _source_text(flag: Flag) -> str:
    source, no = flag.source, "not " if flag.source.inverted else ""
    place = f"{flag.span}, function code {flag.span.table.function:02d},"
    if source.bit is not None:
        return f"bit {source.bit} of {place} is {int(not source.inverted)}"
    if source.values:
        return f"{place} is {no}{' or '.join(map(str, source.values))}"
    return f"{place} is {'0' if source.inverted else '1' if flag.span.table.of_bits else 'not 0'}"
