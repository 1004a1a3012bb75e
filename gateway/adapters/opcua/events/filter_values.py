"""How content filters compare and convert values (OPC 10000-4 section 7.7.3, tables of conversion and precedence)."""

from __future__ import annotations

import math
import operator
import struct
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from asyncua import ua
from asyncua.ua.uaerrors import UaError
from asyncua.ua.uatypes import VariantType

_T = VariantType
_INTEGERS = {
    _T.SByte: (-(2**7), 2**7 - 1), _T.Byte: (0, 2**8 - 1), _T.Int16: (-(2**15), 2**15 - 1), _T.UInt16: (0, 2**16 - 1),
    _T.Int32: (-(2**31), 2**31 - 1), _T.UInt32: (0, 2**32 - 1), _T.Int64: (-(2**63), 2**63 - 1),
    _T.UInt64: (0, 2**64 - 1),
}  # fmt: skip
_PRECEDENCE = (
    _T.Double, _T.Float, _T.Int64, _T.UInt64, _T.Int32, _T.UInt32, _T.StatusCode, _T.Int16, _T.UInt16, _T.SByte,
    _T.Byte, _T.Boolean, _T.Guid, _T.String, _T.ExpandedNodeId, _T.NodeId, _T.LocalizedText, _T.QualifiedName,
)  # fmt: skip
"""Of two operands of different types, the later one is converted to the type of the earlier one."""

_RANK = {kind: rank for rank, kind in enumerate(_PRECEDENCE)}
_ORDERED = (int, float, str, datetime, bytes)


class NotConvertibleError(Exception):
    """There is no such conversion, or not for this value."""


def is_null(value: ua.Variant | None) -> bool:
    """Whether it stands for NULL: nothing at all, or a null of its type."""
    return value is None or value.Value is None or value.VariantType == _T.Null


def as_text(value: ua.Variant) -> str:
    """A String, or what converts to one implicitly.

    Raises:
        NotConvertibleError: It does not.
    """
    return str(cast(value, _T.String).Value)


def as_boolean(value: ua.Variant | None) -> bool | None:
    """A truth value; None for NULL and for what is none."""
    if value is None or is_null(value):
        return None
    try:
        return bool(cast(value, _T.Boolean).Value)
    except NotConvertibleError:
        return None


def equal(left: ua.Variant, right: ua.Variant) -> bool:
    """Whether two values are equal after implicit conversion; false where there is none. Neither is null."""
    if left.is_array or right.is_array:
        return bool(left.is_array and right.is_array) and _equal_arrays(left, right)
    try:
        one, other = _common(left, right)
    except NotConvertibleError:
        return False
    return bool(one == other)


def order(left: ua.Variant, right: ua.Variant) -> int | None:
    """Negative, 0 or positive as the left value is smaller, equal or greater; None where they have no order."""
    try:
        one, other = _common(left, right)
    except NotConvertibleError:
        return None
    if not isinstance(one, _ORDERED) or not _is_number(one) or not _is_number(other):
        return None
    try:
        return int(operator.gt(one, other)) - int(operator.lt(one, other))
    except TypeError:
        return None


def _is_number(value: object) -> bool:
    return not (isinstance(value, float) and math.isnan(value))


def bitwise(left: ua.Variant, right: ua.Variant, combine: Callable[[int, int], int]) -> ua.Variant | None:
    """Combine two integers bit by bit, in the type of higher precedence; None for other operands."""
    if left.is_array or right.is_array or left.VariantType not in _INTEGERS or right.VariantType not in _INTEGERS:
        return None
    kind = min(left.VariantType, right.VariantType, key=_RANK.__getitem__)
    try:
        one, other = cast(left, kind), cast(right, kind)
    except NotConvertibleError:
        return None
    return ua.Variant(combine(one.Value, other.Value), kind)


def cast(value: ua.Variant, kind: VariantType) -> ua.Variant:
    """Convert explicitly.

    Raises:
        NotConvertibleError: There is no such conversion, or not for this value.
    """
    if value.is_array:
        raise NotConvertibleError
    if value.VariantType == kind:
        return value
    convert = _CONVERSIONS.get(kind)
    if convert is None:
        raise NotConvertibleError
    try:
        return ua.Variant(convert(value), kind)
    except (ValueError, OverflowError, TypeError, struct.error, UaError) as error:
        raise NotConvertibleError from error


def _equal_arrays(left: ua.Variant, right: ua.Variant) -> bool:
    ones, others = left.Value or [], right.Value or []
    return len(ones) == len(others) and all(
        equal(ua.Variant(one, left.VariantType), ua.Variant(other, right.VariantType))
        if one is not None and other is not None and not isinstance(one, list) and not isinstance(other, list)
        else one == other
        for one, other in zip(ones, others, strict=True)
    )


def _common(left: ua.Variant, right: ua.Variant) -> tuple[Any, Any]:
    """Both in the type of higher precedence."""
    if left.is_array or right.is_array:
        raise NotConvertibleError
    if left.VariantType == right.VariantType:
        return _comparable(left), _comparable(right)
    if left.VariantType not in _RANK or right.VariantType not in _RANK:
        raise NotConvertibleError
    kind = min(left.VariantType, right.VariantType, key=_RANK.__getitem__)
    return _comparable(_implicit(left, kind)), _comparable(_implicit(right, kind))


def _implicit(value: ua.Variant, kind: VariantType) -> ua.Variant:
    if value.VariantType in (_T.Guid, _T.NodeId, _T.ExpandedNodeId) and kind in (_T.Boolean, _T.StatusCode, *_NUMBERS):
        raise NotConvertibleError
    return cast(value, kind)


def _comparable(value: ua.Variant) -> object:
    if value.VariantType == _T.StatusCode:
        return value.Value.value
    if value.VariantType == _T.LocalizedText:
        return value.Value.Text
    return value.Value


def _number(value: ua.Variant) -> float | int:
    if value.VariantType == _T.StatusCode:
        code: int = value.Value.value
        return code
    if value.VariantType == _T.String:
        text = value.Value.strip()
        return int(text) if text.lstrip("+-").isdecimal() else float(text)
    if value.VariantType == _T.Boolean or value.VariantType in _NUMBERS:
        number: float | int = value.Value
        return number if isinstance(number, float) else int(number)
    raise NotConvertibleError


def _double(value: ua.Variant) -> float:
    return float(_number(value))


def _single(value: ua.Variant) -> float:
    return float(struct.unpack("<f", struct.pack("<f", _number(value)))[0])


def _integer(kind: VariantType) -> Callable[[ua.Variant], int]:
    lowest, highest = _INTEGERS[kind]

    def convert(value: ua.Variant) -> int:
        number = _number(value)
        whole = math.floor(number + 0.5) if isinstance(number, float) else number
        if not lowest <= whole <= highest:
            raise NotConvertibleError
        return whole

    return convert


def _boolean(value: ua.Variant) -> bool:
    if value.VariantType == _T.String:
        return {"true": True, "1": True, "false": False, "0": False}[_known_truth(value.Value)]
    return _number(value) != 0


def _known_truth(text: str) -> str:
    folded = text.strip().lower()
    if folded not in ("true", "1", "false", "0"):
        raise NotConvertibleError
    return folded


def _string(value: ua.Variant) -> str:
    match value.VariantType:
        case _T.LocalizedText:
            return value.Value.Text or ""
        case _T.QualifiedName:
            return value.Value.Name or ""
        case _T.NodeId | _T.ExpandedNodeId:
            return str(value.Value.to_string())
        case _T.Boolean:
            return "true" if value.Value else "false"
        case _T.Guid:
            return str(value.Value)
        case _T.DateTime:
            return str(value.Value.isoformat()).replace("+00:00", "Z")
        case kind if kind in _NUMBERS or kind == _T.StatusCode:
            return str(_number(value))
    raise NotConvertibleError


def _guid(value: ua.Variant) -> UUID:
    if value.VariantType != _T.String:
        raise NotConvertibleError
    return UUID(value.Value)


def _node_id(value: ua.Variant) -> ua.NodeId:
    if value.VariantType == _T.String:
        return ua.NodeId.from_string(value.Value)
    if value.VariantType not in (_T.NodeId, _T.ExpandedNodeId):
        raise NotConvertibleError
    node_id: ua.NodeId = value.Value
    return node_id


def _localized_text(value: ua.Variant) -> ua.LocalizedText:
    if value.VariantType not in (_T.String, _T.QualifiedName):
        raise NotConvertibleError
    return ua.LocalizedText(_string(value) if value.VariantType == _T.QualifiedName else value.Value)


def _status_code(value: ua.Variant) -> ua.StatusCode:
    return ua.StatusCode(ua.UInt32(_integer(_T.UInt32)(value)))


_NUMBERS = frozenset((*_INTEGERS, _T.Float, _T.Double))
_CONVERSIONS: dict[VariantType, Callable[[ua.Variant], object]] = {
    **{kind: _integer(kind) for kind in _INTEGERS},
    _T.Float: _single,
    _T.Double: _double,
    _T.Boolean: _boolean,
    _T.String: _string,
    _T.Guid: _guid,
    _T.NodeId: _node_id,
    _T.ExpandedNodeId: _node_id,
    _T.LocalizedText: _localized_text,
    _T.StatusCode: _status_code,
}
