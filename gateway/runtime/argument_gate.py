"""The gate that looks at what an action is given: numbers that are numbers, of the right kind, within their bounds."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from gateway.model.actions import ActionArgument, ActionSpec, ArgumentValue
from gateway.model.points import ValueKind
from gateway.runtime.refusal import Refusal


def not_finite(spec: ActionSpec, arguments: Sequence[ArgumentValue]) -> Refusal | None:
    """Refuse what is no number at all, before anything else is looked at: NaN passes every comparison.

    Args:
        spec: The action.
        arguments: As the client gives them; too few or too many are for `misfit` to see.
    """
    for given, argument in zip(arguments, spec.arguments, strict=False):
        if isinstance(given, memoryview):
            finite = given.format == "d" and bool(np.isfinite(np.asarray(given)).all())
        else:
            finite = not isinstance(given, float) or math.isfinite(given)
        if not finite:
            return Refusal(f"{argument.name} must be finite", f"give {_bounds(argument)}")
    return None


def misfit(spec: ActionSpec, arguments: Sequence[ArgumentValue]) -> Refusal | None:
    """Refuse arguments of another number or kind than the action has, and those beyond their bounds.

    Args:
        spec: The action.
        arguments: As the client gives them, finite.
    """
    if len(arguments) != len(spec.arguments):
        wanted = ", ".join(f"{one.name} {_bounds(one)}" for one in spec.arguments)
        what = f"{spec.name} needs {len(spec.arguments)} arguments, got {len(arguments)}"
        return Refusal(what, f"give {wanted}" if wanted else "give none")
    for given, argument in zip(arguments, spec.arguments, strict=True):
        what = _array_misfit(given, argument) if argument.length is not None else _number_misfit(given, argument)
        if what:
            return Refusal(f"{argument.name} {what}", f"give {_bounds(argument)}")
    return None


def _number_misfit(given: ArgumentValue, argument: ActionArgument) -> str:
    if argument.kind is ValueKind.INTEGER:
        if type(given) is not int:
            return "must be a whole number"
    elif type(given) not in (int, float):
        return "must be a number"
    assert isinstance(given, int | float)  # noqa: S101  as the types above say
    return "" if argument.lowest <= given <= argument.highest else "is out of range"


def _array_misfit(given: ArgumentValue, argument: ActionArgument) -> str:
    if not isinstance(given, memoryview) or given.ndim != 1:
        return "must be an array of numbers"
    if not len(given):
        return "is empty"
    if argument.length is not None and len(given) > argument.length:
        return f"has {len(given)} numbers"
    numbers = np.asarray(given)
    within = argument.lowest <= float(numbers.min()) and float(numbers.max()) <= argument.highest
    return "" if within else "is out of range"


def _bounds(argument: ActionArgument) -> str:
    unit = f" {argument.unit}" if argument.unit else ""
    count = "" if argument.length is None else f"at most {argument.length} numbers of "
    return f"{count}{argument.lowest:g} to {argument.highest:g}{unit}"
