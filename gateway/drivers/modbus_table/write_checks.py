"""Which channels of a register table can be written, and how."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.drivers.modbus_table.addresses import Table
from gateway.drivers.modbus_table.encoding import FLOATS, encode_number
from gateway.drivers.modbus_table.flag_checks import Problem
from gateway.drivers.modbus_table.scaling import nearest_whole
from gateway.drivers.modbus_table.settings import RegisterType, WriteSpec
from gateway.drivers.modbus_table.table import TableValue
from gateway.model.points import ValueKind


def write_problems(value: TableValue, write: WriteSpec) -> Iterator[Problem]:
    """What is wrong with `write` of a channel that is right otherwise; paths begin inside of it."""
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
