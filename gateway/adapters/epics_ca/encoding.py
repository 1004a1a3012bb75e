"""Values as Channel Access puts them on the wire: the DBR types, big-endian, without the engine.

A DBR type is 7 * class + native type (db_access.h of EPICS base): five classes from the bare value to all metadata,
each followed by the value, aligned the way a C compiler lays out the structure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from struct import Struct, pack

STSACK_STRING = 37
CLASS_NAME = 38
STRING_SIZE = 40
LONG_STRING_SIZE = 256
ENUM_STATES = 16
ENUM_STRING_SIZE = 26
_UNITS_SIZE = 8
LARGEST_FLOAT = (2 - 2**-23) * 2.0**127
"""Largest finite number of 32 bits."""

PLAIN_UP_TO = 1e7
"""Largest magnitude that EPICS base prints by its own rules of rounding."""

MOST_FIXED = 8
"""Most decimals that it prints without an exponent."""

_FIXED_UP_TO = 1e16


class Native(IntEnum):
    """Type of the value itself."""

    STRING = 0
    INT = 1
    FLOAT = 2
    ENUM = 3
    CHAR = 4
    LONG = 5
    DOUBLE = 6


class Metadata(IntEnum):
    """What goes before the value."""

    NONE = 0
    STS = 1
    TIME = 2
    GR = 3
    CTRL = 4


LAYOUT: dict[int, tuple[Metadata, Native]] = {
    len(Native) * metadata + native: (metadata, native) for metadata in Metadata for native in Native
}
"""Every regular DBR type by its number."""

READABLE_TYPES = frozenset((*LAYOUT, STSACK_STRING, CLASS_NAME))
"""DBR types that a client may read; 35 and 36 acknowledge alarms by writing."""

ELEMENT_SIZE = {
    Native.STRING: STRING_SIZE,
    Native.INT: 2,
    Native.FLOAT: 4,
    Native.ENUM: 2,
    Native.CHAR: 1,
    Native.LONG: 4,
    Native.DOUBLE: 8,
}
"""Bytes of one element."""


class NotConvertibleError(ValueError):
    """The value has no meaning in the type that a client asked for, such as a text as a number."""


@dataclass(frozen=True, slots=True)
class Display:
    """Metadata that do not change while the server runs.

    Attributes:
        units: Engineering unit.
        precision: Decimals worth showing.
        limits: In wire order: upper and lower display, upper alarm, upper warning, lower warning, lower alarm, upper
            and lower control limit; NaN where there is none.
        states: Names of the states of an enum, at most 16.
    """

    units: str = ""
    precision: int = 0
    limits: tuple[float, ...] = (0.0, 0.0, math.nan, math.nan, math.nan, math.nan, 0.0, 0.0)
    states: tuple[str, ...] = ()


@dataclass(slots=True)
class Condition:
    """Alarm and time of a record; the time counts from 1990-01-01 UTC, the epoch of EPICS."""

    status: int
    severity: int
    seconds: int
    nanoseconds: int


_SHORT_HEAD = {
    Metadata.STS: {Native.CHAR: Struct(">hhx"), Native.DOUBLE: Struct(">hh4x")},
    Metadata.TIME: {
        Native.INT: Struct(">hhII2x"),
        Native.ENUM: Struct(">hhII2x"),
        Native.CHAR: Struct(">hhII3x"),
        Native.DOUBLE: Struct(">hhII4x"),
    },
}
_STS = Struct(">hh")
_TIME = Struct(">hhII")
_LIMIT = {Native.INT: "h", Native.CHAR: "B", Native.LONG: "i", Native.FLOAT: "f", Native.DOUBLE: "d"}
_ENUM_HEAD = Struct(">hhh" + f"{ENUM_STRING_SIZE}s" * ENUM_STATES)
RANGE = {
    Native.INT: (-(2**15), 2**15 - 1),
    Native.ENUM: (0, 2**16 - 1),
    Native.CHAR: (0, 2**8 - 1),
    Native.LONG: (-(2**31), 2**31 - 1),
}
"""Lowest and highest number of each integer type."""

_INTEGER = {Native.INT: Struct(">h"), Native.ENUM: Struct(">H"), Native.CHAR: Struct(">B"), Native.LONG: Struct(">i")}


def clipped(text: str, size: int) -> bytes:
    """UTF-8 in at most `size` bytes, the closing NUL among them; no character is cut in two."""
    encoded = text.replace("\0", "").encode("utf-8", "replace")
    return encoded[: size - 1].decode("utf-8", "ignore").encode()


def fixed(text: str, size: int) -> bytes:
    """`clipped`, filled up with NULs to `size`."""
    return clipped(text, size).ljust(size, b"\0")


def _integer(value: float, native: Native) -> int:
    """The nearest value towards zero that the type can hold; 0 for NaN. C leaves what does not fit undefined."""
    if value != value:
        return 0
    low, high = RANGE[native]
    return low if value < low else high if value > high else int(value)


def as_double(value: float) -> float:
    """The nearest double; infinite for integers beyond all doubles."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _float(value: float) -> float:
    """What a 32-bit float can hold; EPICS base clips to the largest finite number as well."""
    if math.isfinite(value) and abs(value) > LARGEST_FLOAT:
        return math.copysign(LARGEST_FLOAT, value)
    return value


def number_text(value: float, precision: int) -> str:
    """A number as EPICS base prints it (cvtDoubleToString): fixed decimals, exponent for the very large."""
    if isinstance(value, int) and not precision:
        return str(value)
    if precision > MOST_FIXED or abs(value) >= _FIXED_UP_TO:
        precision = min(precision, 17)
        return f"{value:.{precision}e}".rjust(precision + 7)
    if not abs(value) <= PLAIN_UP_TO:
        return f"{value:.{min(precision, 3)}f}"
    return _rounded_half_up(value, max(precision, 0))


def _rounded_half_up(value: float, precision: int) -> str:
    """Fixed decimals; base cuts behind one decimal more, and rounds that."""
    whole = int(abs(value))
    scale: int = 10**precision
    carry, fraction = divmod((int((abs(value) - whole) * scale * 10) + 5) // 10, scale)
    sign = "-" if value < 0 else ""
    return f"{sign}{whole + carry}" + (f".{fraction:0{precision}d}" if precision else "")


def encode_number(value: float, native: Native, precision: int = 0) -> bytes:
    """One number in the native type asked for."""
    if native is Native.DOUBLE:
        return pack(">d", as_double(value))
    if native is Native.STRING:
        return fixed(number_text(value, precision), STRING_SIZE)
    if native is Native.FLOAT:
        return pack(">f", _float(as_double(value)))
    return _INTEGER[native].pack(_integer(value, native))


def encode_enum(index: int, native: Native, states: Sequence[str]) -> bytes:
    """One enum in the native type asked for; as a string it is the name of the state."""
    if native is Native.STRING:
        return fixed(states[index] if index < len(states) else str(index), STRING_SIZE)
    return encode_number(index, native)


def encode_text(text: str, native: Native) -> bytes:
    """One text in the native type asked for; as CHAR it is a long string with its closing NUL, an empty one counts 0.

    Raises:
        NotConvertibleError: A number was asked for, and the text is none.
    """
    if native is Native.STRING:
        return fixed(text, STRING_SIZE)
    if native is Native.CHAR:
        return clipped(text, LONG_STRING_SIZE) + b"\0"
    if not text and native is Native.ENUM:
        raise NotConvertibleError("an empty text is no state")
    try:
        return encode_number(float(text or 0), native)
    except ValueError as error:
        raise NotConvertibleError(f"{text!r} is no number") from error


def _limits(native: Native, limits: Sequence[float]) -> bytes:
    values: list[float]
    if native is Native.DOUBLE:
        values = list(limits)
    elif native is Native.FLOAT:
        values = [_float(limit) for limit in limits]
    else:
        values = [_integer(limit, native) for limit in limits]
    return pack(f">{len(values)}{_LIMIT[native]}", *values)


def head(metadata: Metadata, native: Native, condition: Condition, display: Display) -> bytes:
    """Everything that goes before the value."""
    status, severity = condition.status, condition.severity
    if metadata is Metadata.NONE:
        return b""
    if metadata is Metadata.TIME:
        layout = _SHORT_HEAD[metadata].get(native, _TIME)
        return layout.pack(status, severity, condition.seconds, condition.nanoseconds)
    if metadata is Metadata.STS or native is Native.STRING:
        return _SHORT_HEAD[Metadata.STS].get(native, _STS).pack(status, severity)
    if native is Native.ENUM:
        states = display.states[:ENUM_STATES]
        texts = [fixed(state, ENUM_STRING_SIZE) for state in states]
        return _ENUM_HEAD.pack(status, severity, len(states), *texts, *[b""] * (ENUM_STATES - len(texts)))
    floating = native in (Native.FLOAT, Native.DOUBLE)
    begin = pack(">hhh2x", status, severity, display.precision) if floating else _STS.pack(status, severity)
    limits = display.limits if metadata is Metadata.CTRL else display.limits[:6]
    pad = b"\0" if native is Native.CHAR else b""
    return begin + fixed(display.units, _UNITS_SIZE) + _limits(native, limits) + pad
