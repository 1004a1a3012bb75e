"""The operators of content filters, on values and on TRUE, FALSE and NULL (OPC 10000-4 section 7.7.3)."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from asyncua import ua
from asyncua.ua.uaprotocol_auto import FilterOperator
from asyncua.ua.uatypes import VariantType

from gateway.adapters.opcua.engine.wire_types import standard_node
from gateway.adapters.opcua.events.filter_values import (
    NotConvertibleError,
    as_boolean,
    as_text,
    bitwise,
    cast,
    equal,
    is_null,
    order,
)
from gateway.adapters.opcua.events.like_pattern import like_pattern

Operand = ua.Variant | None
"""A value; None for NULL."""

MANY = 1000
"""Operands of one InList at most."""


_BUILT_IN = {standard_node(kind.value): kind for kind in VariantType}


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator.

    Attributes:
        fewest: Operands that it needs.
        most: Operands that it takes.
        work: From operands to result.
    """

    fewest: int
    most: int
    work: Callable[[Sequence[Operand]], Operand]


def truth(value: bool | None) -> Operand:  # noqa: FBT001  a truth value is what this is about
    """A truth value as an operand of the next operator."""
    return None if value is None else ua.Variant(value, VariantType.Boolean)


def _equals(operands: Sequence[Operand]) -> Operand:
    left, right = operands
    if left is None or right is None or is_null(left) or is_null(right):
        return None
    return truth(equal(left, right))


def _compares(accepts: Callable[[int, int], bool]) -> Callable[[Sequence[Operand]], Operand]:
    def work(operands: Sequence[Operand]) -> Operand:
        left, right = operands
        if left is None or right is None or is_null(left) or is_null(right):
            return None
        found = order(left, right)
        return truth(found is not None and accepts(found, 0))

    return work


_greater_or_equal, _less_or_equal = _compares(operator.ge), _compares(operator.le)


def _between(operands: Sequence[Operand]) -> Operand:
    value, low, high = operands
    return _and((_greater_or_equal((value, low)), _less_or_equal((value, high))))


def _in_list(operands: Sequence[Operand]) -> Operand:
    value, *members = operands
    results = [as_boolean(_equals((value, member))) for member in members]
    return truth(True if True in results else None if None in results else False)


def _like(operands: Sequence[Operand]) -> Operand:
    text, pattern = operands
    if text is None or pattern is None or is_null(text) or is_null(pattern):
        return None
    try:
        return truth(like_pattern(as_text(pattern)).matches(as_text(text)))
    except (NotConvertibleError, ValueError):
        return truth(False)


def _and(operands: Sequence[Operand]) -> Operand:
    values = [as_boolean(one) for one in operands]
    return truth(False if False in values else None if None in values else True)


def _or(operands: Sequence[Operand]) -> Operand:
    values = [as_boolean(one) for one in operands]
    return truth(True if True in values else None if None in values else False)


def _not(operands: Sequence[Operand]) -> Operand:
    value = as_boolean(operands[0])
    return truth(None if value is None else not value)


def _cast(operands: Sequence[Operand]) -> Operand:
    value, target = operands
    if value is None or target is None or is_null(value) or not isinstance(target.Value, ua.NodeId):
        return None
    data_type = target.Value
    try:
        return cast(value, _BUILT_IN[data_type])
    except (NotConvertibleError, KeyError):
        return None


def _bits(combine: Callable[[int, int], int]) -> Callable[[Sequence[Operand]], Operand]:
    def work(operands: Sequence[Operand]) -> Operand:
        left, right = operands
        return None if left is None or right is None else bitwise(left, right, combine)

    return work


_F = FilterOperator
OPERATORS: Mapping[FilterOperator, Operator] = {
    _F.Equals: Operator(2, 2, _equals),
    _F.IsNull: Operator(1, 1, lambda operands: truth(is_null(operands[0]))),
    _F.GreaterThan: Operator(2, 2, _compares(operator.gt)),
    _F.LessThan: Operator(2, 2, _compares(operator.lt)),
    _F.GreaterThanOrEqual: Operator(2, 2, _greater_or_equal),
    _F.LessThanOrEqual: Operator(2, 2, _less_or_equal),
    _F.Like: Operator(2, 2, _like),
    _F.Not: Operator(1, 1, _not),
    _F.Between: Operator(3, 3, _between),
    _F.InList: Operator(2, MANY, _in_list),
    _F.And: Operator(2, 2, _and),
    _F.Or: Operator(2, 2, _or),
    _F.Cast: Operator(2, 2, _cast),
    _F.BitwiseAnd: Operator(2, 2, _bits(operator.and_)),
    _F.BitwiseOr: Operator(2, 2, _bits(operator.or_)),
}
"""Those that look at values alone; OfType looks at the event."""
