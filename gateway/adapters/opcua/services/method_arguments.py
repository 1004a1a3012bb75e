"""Judges the number and the types of a call's arguments (OPC 10000-4 section 5.12.2.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from asyncua import ua
from asyncua.server.address_space import AddressSpace
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.status_codes import StatusCodes

from gateway.adapters.opcua.engine.wire_types import standard_node

_SUBTYPE = standard_node(ObjectIds.HasSubtype)
_KINDS = ua.VariantType
_SIGNED = frozenset({_KINDS.SByte, _KINDS.Int16, _KINDS.Int32, _KINDS.Int64})
_UNSIGNED = frozenset({_KINDS.Byte, _KINDS.UInt16, _KINDS.UInt32, _KINDS.UInt64})
_ABSTRACT = {
    standard_node(ObjectIds.BaseDataType): frozenset(_KINDS),
    standard_node(ObjectIds.Number): _SIGNED | _UNSIGNED | {_KINDS.Float, _KINDS.Double},
    standard_node(ObjectIds.Integer): _SIGNED,
    standard_node(ObjectIds.UInteger): _UNSIGNED,
    standard_node(ObjectIds.Enumeration): frozenset({_KINDS.Int32}),
}
"""What may be sent for data types that are no built-in type themselves."""

_LAST_BUILT_IN = ObjectIds.DiagnosticInfo


@dataclass(frozen=True, slots=True)
class ArgumentFault:
    """Arguments that the method cannot be called with.

    Attributes:
        status: StatusCode of the call.
        results: StatusCode of each argument; empty when their number is wrong.
    """

    status: int
    results: tuple[int, ...] = ()


def _kinds(aspace: AddressSpace, data_type: ua.NodeId) -> frozenset[ua.VariantType]:
    """Types on the wire of one data type; subtypes are sent as the built-in type they come from."""
    current: ua.NodeId | None = data_type
    while current is not None:
        if current in _ABSTRACT:
            return _ABSTRACT[current]
        identifier = current.Identifier
        if current.NamespaceIndex == 0 and isinstance(identifier, int) and 0 < identifier <= _LAST_BUILT_IN:
            return frozenset({_KINDS(identifier)})
        node = aspace.get(current)
        above = () if node is None else node.references
        current = next((one.NodeId for one in above if not one.IsForward and one.ReferenceTypeId == _SUBTYPE), None)
    raise ValueError(f"{data_type.to_string()} is no data type")


def _has_rank(value_rank: int, given: ua.Variant) -> bool:
    if value_rank == ua.ValueRank.Scalar:
        return not given.is_array
    if value_rank in (ua.ValueRank.Any, ua.ValueRank.ScalarOrOneDimension):
        return True
    return bool(given.is_array) and len(given.Dimensions or (0,)) == 1


@dataclass(frozen=True, slots=True)
class _Expected:
    """What one argument must be: types on the wire, ValueRank, and most elements of an array, 0 for any number."""

    kinds: frozenset[ua.VariantType]
    rank: int
    length: int

    def suits(self, given: ua.Variant) -> bool:
        if given.VariantType not in self.kinds or not _has_rank(self.rank, given):
            return False
        return not self.length or not given.is_array or len(given.Value or ()) <= self.length


class ArgumentTypes:
    """What one method takes.

    Args:
        aspace: Knows the data types.
        inputs: InputArguments of the method.

    Raises:
        ValueError: The address space does not know a data type.
    """

    def __init__(self, aspace: AddressSpace, inputs: Sequence[ua.Argument]) -> None:
        self._expected = [
            _Expected(_kinds(aspace, one.DataType), int(one.ValueRank), int(one.ArrayDimensions[0]))
            if one.ArrayDimensions
            else _Expected(_kinds(aspace, one.DataType), int(one.ValueRank), 0)
            for one in inputs
        ]

    def fault(self, given: Sequence[ua.Variant]) -> ArgumentFault | None:
        """Why the method cannot be called with these; None if it can."""
        if len(given) != len(self._expected):
            too_few = len(given) < len(self._expected)
            return ArgumentFault(StatusCodes.BadArgumentsMissing if too_few else StatusCodes.BadTooManyArguments)
        results = tuple(
            StatusCodes.Good if expected.suits(one) else StatusCodes.BadTypeMismatch
            for one, expected in zip(given, self._expected, strict=True)
        )
        if all(result == StatusCodes.Good for result in results):
            return None
        return ArgumentFault(StatusCodes.BadInvalidArgument, results)
