"""Judges the arguments of a call (OPC 10000-4 section 5.12.2.4): first their number and types, then their values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from asyncua import ua
from asyncua.ua.status_codes import StatusCodes

from gateway.adapters.opcua.address_space.method_items import argument_type
from gateway.model.actions import ActionSpec


@dataclass(frozen=True, slots=True)
class CallArguments:
    """Arguments of the right number and types.

    Attributes:
        values: Whole numbers, in the order of the action; they may still be out of range.
        confirmed: The client means it.
    """

    values: tuple[int, ...]
    confirmed: bool


@dataclass(frozen=True, slots=True)
class ArgumentFault:
    """Arguments that no action could be asked for with.

    Attributes:
        status: StatusCode of the call.
        results: StatusCode of each argument; empty when their number is wrong.
    """

    status: int
    results: tuple[int, ...] = ()


def read_arguments(action: ActionSpec, given: Sequence[ua.Variant] | None) -> CallArguments | ArgumentFault:
    """What the client gave; None counts as no argument."""
    given = given or ()
    kinds = [*map(argument_type, action.arguments), ua.VariantType.Boolean]
    if len(given) != len(kinds):
        too_few = len(given) < len(kinds)
        return ArgumentFault(StatusCodes.BadArgumentsMissing if too_few else StatusCodes.BadTooManyArguments)
    matches = [one.VariantType == kind and not one.is_array for one, kind in zip(given, kinds, strict=True)]
    if not all(matches):
        results = tuple(StatusCodes.Good if match else StatusCodes.BadTypeMismatch for match in matches)
        return ArgumentFault(StatusCodes.BadInvalidArgument, results)
    *values, confirmed = (one.Value for one in given)
    return CallArguments(tuple(values), bool(confirmed))


def doubts(action: ActionSpec, arguments: CallArguments) -> ArgumentFault | None:
    """Which values are a reason to refuse the action; None if none is."""
    results = [
        StatusCodes.Good if one.lowest <= value <= one.highest else StatusCodes.BadOutOfRange
        for one, value in zip(action.arguments, arguments.values, strict=True)
    ]
    results.append(StatusCodes.Good if arguments.confirmed else StatusCodes.BadInvalidArgument)
    if all(result == StatusCodes.Good for result in results):
        return None
    return ArgumentFault(StatusCodes.BadInvalidArgument, tuple(results))
