"""Bounds for asyncua's decoder, which believes every length that a client sends.

In asyncua 2.1.0 a negative length moves the reader backwards, an element of an array of Null takes no bytes at all, and
a matrix is filled up to its dimensions. So a few bytes ask for 2**31 elements, and one chunk for 30 million lists, even
before a session exists (`AdditionalHeader` of a request).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import IO, Any, TypeVar

from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua import ua_binary
from asyncua.ua.uaerrors import UaError

T = TypeVar("T")

_engine_array, _engine_matrix = ua_binary.unpack_uatype_array, ua_binary._reshape  # noqa: SLF001  it has no other door


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


def _matrix(flat: list[Any], dims: list[int]) -> list[Any]:
    if min(dims, default=0) < 1 or math.prod(dims) != len(flat):
        raise UaError(f"{len(flat)} elements in a matrix of {dims}")
    return _engine_matrix(flat, dims)


def bound_decoding() -> None:
    """Make asyncua refuse such lengths in the whole process. May be called again and again."""
    Buffer.read = _read  # type: ignore[assignment,method-assign]
    Buffer.skip = _skip  # type: ignore[assignment,method-assign]
    ua_binary.unpack_uatype_array = _array  # type: ignore[assignment]
    ua_binary._reshape = _matrix  # noqa: SLF001
