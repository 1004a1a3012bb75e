"""Bounds for asyncua's decoder, which believes every length that a client sends.

In asyncua 2.1.0 a negative length moves the reader backwards, and an element of an array of Null takes no bytes at all.
Either way a few bytes ask for 2**31 elements, even before a session exists (`AdditionalHeader` of a request).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import IO, Any, TypeVar

from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua import ua_binary
from asyncua.ua.uaerrors import UaError

T = TypeVar("T")
MAX_MATRIX_ELEMENTS = 10_000
"""Elements that the dimensions of one array may announce."""

_engine_array = ua_binary.unpack_uatype_array


def _forwards(move: Callable[[Buffer, int], T]) -> Callable[[Buffer, int], T]:
    def moved(buffer: Buffer, size: int) -> T:
        if size < 0:
            raise UaError(f"a length of {size}")
        return move(buffer, size)

    return moved


_read, _skip = _forwards(Buffer.read), _forwards(Buffer.skip)


def _array(kind: ua.VariantType, data: Buffer | IO[bytes]) -> list[Any] | None:
    if kind == ua.VariantType.Null:
        raise UaError("an array of Null")
    return _engine_array(kind, data)


def bound_decoding() -> None:
    """Make asyncua refuse such lengths in the whole process. May be called again and again."""
    Buffer.read = _read  # type: ignore[assignment,method-assign]
    Buffer.skip = _skip  # type: ignore[assignment,method-assign]
    ua_binary.unpack_uatype_array = _array  # type: ignore[assignment]
    ua_binary.MAX_RESHAPE_ELEMENTS = MAX_MATRIX_ELEMENTS
