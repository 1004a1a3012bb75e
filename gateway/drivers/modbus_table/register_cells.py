"""What vendors write into the cells of their register lists: addresses, types and factors, in many spellings."""

from __future__ import annotations

import re

from gateway.drivers.modbus_table.addresses import Table
from gateway.drivers.modbus_table.settings import RegisterType

_TYPES: dict[RegisterType, tuple[str, ...]] = {
    RegisterType.U16: ("u16", "uint16", "uint", "unsigned", "unsignedint", "unsignedshort", "ushort", "word"),
    RegisterType.S16: ("s16", "i16", "int16", "int", "integer", "signed", "signedint", "short", "sint16"),
    RegisterType.U32: ("u32", "uint32", "dword", "unsignedlong", "ulong", "udint"),
    RegisterType.S32: ("s32", "i32", "int32", "long", "signedlong", "sint32", "dint"),
    RegisterType.U64: ("u64", "uint64", "qword", "ulint"),
    RegisterType.S64: ("s64", "i64", "int64", "sint64", "lint"),
    RegisterType.F32: ("f32", "float32", "float", "real", "single", "ieee754", "float32ieee754", "32bitfloat"),
    RegisterType.F64: ("f64", "float64", "double", "lreal", "64bitfloat"),
    RegisterType.BCD16: ("bcd16", "bcd"),
    RegisterType.BCD32: ("bcd32",),
    RegisterType.STRING: ("string", "ascii", "text", "char", "str"),
    RegisterType.BOOL: ("bool", "boolean", "bit"),
}
_TYPE_OF = {word: kind for kind, words in _TYPES.items() for word in words}
_TABLES: dict[Table, tuple[str, ...]] = {
    Table.COIL: ("coil", "coils", "0x", "1", "01", "fc1", "fc01", "digitaloutput"),
    Table.DISCRETE: ("discrete", "discreteinput", "discreteinputs", "1x", "2", "02", "fc2", "fc02", "digitalinput"),
    Table.INPUT: ("input", "inputregister", "inputregisters", "3x", "4", "04", "fc4", "fc04", "ir"),
    Table.HOLDING: ("holding", "holdingregister", "holdingregisters", "4x", "3", "03", "fc3", "fc03", "hr"),
}
_TABLE_OF = {word: table for table, words in _TABLES.items() for word in words}
_LENGTH = re.compile(r"[\[(]\s*(\d+)\s*[\])]")
_ADDRESS = re.compile(r"(0[xX][0-9a-fA-F]+|[0-9a-fA-F]+[hH]|\d+)(\s*(-|\.\.|to|\N{EN DASH}|,|/)\s*\w+)?")
_FACTOR = re.compile(r"[x*\N{MULTIPLICATION SIGN}]?\s*(?P<number>[-+]?\d*[.,]?\d+([eE][-+]?\d+)?)")
_DIVISOR = re.compile(r"(1\s*[/:]|[/:\N{DIVISION SIGN}])\s*(?P<number>\d*[.,]?\d+)")


def read_type(cell: str) -> tuple[RegisterType, int | None]:
    """Read a type, and the length of a string: `UINT16`, `Float 32`, `string(16)`.

    Raises:
        ValueError: It is not known; the message says which are.
    """
    length = _LENGTH.search(cell)
    word = re.sub(r"[^a-z0-9]", "", _LENGTH.sub("", cell).casefold())
    kind = _TYPE_OF.get(word)
    if kind is None:
        raise ValueError(f"the type '{cell}' is not known; write {', '.join(RegisterType)}")
    return kind, int(length[1]) if length and kind is RegisterType.STRING else None


def read_table(cell: str) -> Table:
    """Read a table, or the function code that reads it: `Holding Register`, `4x`, `FC03`, `3`.

    Raises:
        ValueError: It is none.
    """
    table = _TABLE_OF.get(re.sub(r"[^a-z0-9]", "", cell.casefold()))
    if table is None:
        raise ValueError(f"'{cell}' is no table; write coil, discrete, input or holding, or the function code")
    return table


def read_address(cell: str) -> int:
    """Read the first address of `40001`, `0x0010`, `10h` or `30001-30002`.

    Raises:
        ValueError: It is none.
    """
    found = _ADDRESS.fullmatch(cell.strip())
    if found is None:
        raise ValueError(f"'{cell}' is no address; write a number such as 12, 0x0C or 40013")
    text = found[1]
    if text[-1] in "hH":
        return int(text[:-1], 16)
    return int(text, 16) if text[:2] in ("0x", "0X") else int(text)


def read_factor(cell: str) -> float:
    """Read `0.1`, `0,1`, `x 0.1`, `1/10` or `/10`.

    Raises:
        ValueError: It is none, or 0.
    """
    text = cell.strip()
    if (found := _DIVISOR.fullmatch(text)) is not None:
        divisor = float(found["number"].replace(",", "."))
        factor = float(f"{1 / divisor:.12g}") if divisor else 0.0
    elif (found := _FACTOR.fullmatch(text)) is not None:
        factor = float(found["number"].replace(",", "."))
    else:
        raise ValueError(f"'{cell}' is no factor; write a number such as 0.1, or 1/10")
    if factor == 0:
        raise ValueError("the factor is 0; write what one step of the register is worth")
    return factor
