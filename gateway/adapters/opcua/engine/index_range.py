"""Parts of arrays, strings and byte strings (NumericRange, OPC 10000-4 section 7.27)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.ua.status_codes import StatusCodes

_DIMENSION = re.compile(r"(\d{1,10})(?::(\d{1,10}))?", re.ASCII)
_LONGEST = 64
"""Characters; five dimensions of the largest indexes fit."""

IndexRange = tuple[slice, ...]
"""One slice per dimension, outermost first."""


def parse_index_range(text: str) -> IndexRange:
    """Read "3", "1:4" or "0:1,2".

    Raises:
        ServiceError: BadIndexRangeInvalid.
    """
    dimensions: list[slice] = []
    for part in text.split(",") if len(text) <= _LONGEST else ():
        match = _DIMENSION.fullmatch(part)
        if match is None:
            break
        low = int(match[1])
        high = low if match[2] is None else int(match[2])
        if match[2] is not None and low >= high:
            break
        dimensions.append(slice(low, high + 1))
    else:
        if dimensions:
            return tuple(dimensions)
    raise ServiceError(StatusCodes.BadIndexRangeInvalid)


def cut(variant: ua.Variant, index_range: IndexRange) -> ua.Variant:
    """The part of a value, which is left as it is.

    Args:
        variant: An array, a matrix as nested lists, a string, or a byte string. The strings of an array take one
            dimension more.
        index_range: An upper bound beyond the end is cut to it.

    Raises:
        ServiceError: BadIndexRangeNoData: a lower bound is beyond the end, or the value has other dimensions.
    """
    value = cut_value(variant.Value, index_range)
    if not isinstance(value, list):
        return replace(variant, Value=value)
    return ua.Variant(value, variant.VariantType, _shape(value, variant.Dimensions), is_array=True)


def cut_value(value: Any, index_range: Sequence[slice]) -> Any:  # noqa: ANN401  a value of OPC UA, nested or not
    """As `cut`, of a value without its type. The part of a `memoryview` is not copied."""
    first, *rest = index_range
    part: Any = None
    if isinstance(value, (list, tuple)):
        nested = bool(value) and isinstance(value[0], (list, tuple))
        if rest:
            part = [cut_value(one, rest) for one in value[first]]
        elif not nested:
            part = list(value[first])
    elif isinstance(value, (str, bytes, memoryview)) and not rest:
        part = value[first]
    if not part:
        raise ServiceError(StatusCodes.BadIndexRangeNoData)
    return part


def _shape(value: list[Any], dimensions: list[ua.Int32] | None) -> list[ua.Int32] | None:
    if not dimensions or len(dimensions) < 2:
        return None
    shape: list[ua.Int32] = []
    current: Any = value
    while isinstance(current, (list, tuple)) and len(shape) < len(dimensions):
        shape.append(ua.Int32(len(current)))
        current = current[0]
    return shape
