"""What a client writes, as numbers: from any plain DBR type, and from the texts that caput sends."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from struct import Struct

import numpy as np
from caproto import CAStatus

from gateway.adapters.epics_ca.encoding import STRING_SIZE, Native

_NUMBER = {
    Native.INT: Struct(">h"),
    Native.FLOAT: Struct(">f"),
    Native.ENUM: Struct(">H"),
    Native.CHAR: Struct(">B"),
    Native.LONG: Struct(">i"),
    Native.DOUBLE: Struct(">d"),
}
_MOST_SHOWN = 4
_DECIMAL = re.compile(r"\s*([+-]?[0-9]+)\s*")


class PutRefusedError(Exception):
    """A put that is not carried out.

    Args:
        status: What Channel Access says.
        text: Why, in words; only a put without callback brings it to the client.
    """

    def __init__(self, status: CAStatus, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


def whole_number(dbr_type: int, count: int, data: bytes, states: Sequence[str] = ()) -> int:
    """The value of a put.

    Args:
        dbr_type: DBR type of the request.
        count: Its number of elements.
        data: Its payload; a string may be shorter than 40 bytes, and any may be padded.
        states: Names of states that a text may give instead of a number.

    Raises:
        PutRefusedError: It is not one value, its type is not a plain one, or it is no whole number.
    """
    value = _single(dbr_type, count, data)
    if isinstance(value, str):
        return _whole_number_of_text(value, states)
    if not math.isfinite(value) or value != int(value):
        raise PutRefusedError(CAStatus.ECA_NOCONVERT, f"a whole number is needed, got {value!r}")
    return int(value)


def number(dbr_type: int, count: int, data: bytes) -> float:
    """The value of a put that need not be whole, nor finite; see `whole_number`.

    Raises:
        PutRefusedError: It is not one value, its type is not a plain one, or it is a text that is no number.
    """
    value = _single(dbr_type, count, data)
    return _number_of_text(value) if isinstance(value, str) else float(value)


def numbers(dbr_type: int, count: int, data: bytes, most: int) -> memoryview:
    """The values of a put to an array, as in `gateway.model.value`; they may be none at all, and need not be finite.

    Args:
        dbr_type: DBR type of the request.
        count: Its number of elements.
        data: Its payload; the last string may be shorter than 40 bytes, and any payload may be padded.
        most: Elements that there is room for.

    Raises:
        PutRefusedError: Its type is not a plain one, it has more elements, or one of them is no number.
    """
    _check_type(dbr_type)
    if count > most:
        raise PutRefusedError(CAStatus.ECA_BADCOUNT, f"at most {most} values are taken, got {count}")
    if dbr_type == Native.STRING:
        texts = (_text(data, place) for place in range(count))
        values = np.fromiter((_number_of_text(text) for text in texts), np.float64, count)
    else:
        layout = _NUMBER[Native(dbr_type)]
        _check_size(layout.size * count, data)
        values = np.frombuffer(data, layout.format, count).astype(np.float64)
    return values.data.toreadonly()


def _single(dbr_type: int, count: int, data: bytes) -> float | str:
    _check_type(dbr_type)
    if count != 1:
        raise PutRefusedError(CAStatus.ECA_BADCOUNT, f"one value is needed, got {count}")
    if dbr_type == Native.STRING:
        return _text(data)
    layout = _NUMBER[Native(dbr_type)]
    _check_size(layout.size, data)
    value: float = layout.unpack_from(data)[0]
    return value


def _check_type(dbr_type: int) -> None:
    if dbr_type not in (Native.STRING, *_NUMBER):
        raise PutRefusedError(CAStatus.ECA_BADTYPE, "only plain DBR types can be written")


def _check_size(size: int, data: bytes) -> None:
    if len(data) < size:
        raise PutRefusedError(CAStatus.ECA_BADCOUNT, f"{size} bytes are needed, got {len(data)}")


def _text(data: bytes, place: int = 0) -> str:
    begin = place * STRING_SIZE
    return data[begin : begin + STRING_SIZE].partition(b"\0")[0].decode("utf-8", "replace")


def shown_value(dbr_type: int, count: int, data: bytes) -> str:
    """What a client wanted to write, in a few words for people, whether it makes sense or not."""
    if dbr_type == Native.STRING:
        there = min(count, -(-len(data) // STRING_SIZE))
        texts = (_text(data, index) for index in range(min(there, _MOST_SHOWN)))
        shown = [json.dumps(text, ensure_ascii=False) for text in texts]
    elif dbr_type in _NUMBER:
        layout = _NUMBER[Native(dbr_type)]
        there = min(count, len(data) // layout.size)
        shown = [str(layout.unpack_from(data, index * layout.size)[0]) for index in range(min(there, _MOST_SHOWN))]
    else:
        return f"DBR type {dbr_type}"
    if there == count == 1:
        return shown[0]
    return f"{count} values [{', '.join(shown)}{', ...' if count > len(shown) else ''}]"


def _number_of_text(text: str) -> float:
    try:
        return float(text if text.isascii() and "_" not in text else "")
    except ValueError:
        raise PutRefusedError(CAStatus.ECA_NOCONVERT, f"a number is needed, got {json.dumps(text)}") from None


def _whole_number_of_text(text: str, states: Sequence[str]) -> int:
    if text in states:
        return states.index(text)
    decimal = _DECIMAL.fullmatch(text)
    if decimal is None:
        raise PutRefusedError(CAStatus.ECA_NOCONVERT, f"{' or '.join((*states, 'a whole number'))} is needed")
    return int(decimal[1])
