"""What a client writes, as one whole number: from any plain DBR type, and from the text that caput sends."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from struct import Struct

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
    if dbr_type not in (Native.STRING, *_NUMBER):
        raise PutRefusedError(CAStatus.ECA_BADTYPE, "only plain DBR types can be written")
    if count != 1:
        raise PutRefusedError(CAStatus.ECA_BADCOUNT, f"one value is needed, got {count}")
    if dbr_type == Native.STRING:
        return _number_of_text(data[:STRING_SIZE].partition(b"\0")[0].decode("utf-8", "replace"), states)
    layout = _NUMBER[Native(dbr_type)]
    if len(data) < layout.size:
        raise PutRefusedError(CAStatus.ECA_BADCOUNT, f"{layout.size} bytes are needed, got {len(data)}")
    number: float = layout.unpack_from(data)[0]
    if not math.isfinite(number) or number != int(number):
        raise PutRefusedError(CAStatus.ECA_NOCONVERT, f"a whole number is needed, got {number!r}")
    return int(number)


def shown_value(dbr_type: int, count: int, data: bytes) -> str:
    """What a client wanted to write, in a few words for people, whether it makes sense or not."""
    if dbr_type == Native.STRING:
        return json.dumps(data[:STRING_SIZE].partition(b"\0")[0].decode("utf-8", "replace"), ensure_ascii=False)
    if dbr_type not in _NUMBER:
        return f"DBR type {dbr_type}"
    layout = _NUMBER[Native(dbr_type)]
    there = min(count, len(data) // layout.size)
    numbers = [str(layout.unpack_from(data, index * layout.size)[0]) for index in range(min(there, _MOST_SHOWN))]
    if there == count == 1:
        return numbers[0]
    return f"{count} values [{', '.join(numbers)}{', ...' if count > len(numbers) else ''}]"


def _number_of_text(text: str, states: Sequence[str]) -> int:
    if text in states:
        return states.index(text)
    decimal = _DECIMAL.fullmatch(text)
    if decimal is None:
        raise PutRefusedError(CAStatus.ECA_NOCONVERT, f"{' or '.join((*states, 'a whole number'))} is needed")
    return int(decimal[1])
