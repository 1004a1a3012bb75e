"""What is wrong with a value that is given for an argument of an action."""

from __future__ import annotations

import math

from gateway.model.actions import ActionArgument, ArgumentValue
from gateway.model.points import ValueKind

_LARGEST_SHOWN = 1 << 63


def finite_fault(argument: ActionArgument, value: ArgumentValue) -> str | None:
    """What is wrong if it is no number at all; to be asked before anything else: NaN passes every comparison.

    Of an array no more elements are looked at than it may have: a client may send any number, and `argument_fault`
    refuses what is too long.
    """
    if isinstance(value, memoryview):
        finite = value.format == "d" and value.ndim == 1 and all(map(math.isfinite, value[: argument.length or 1]))
        return None if finite else f"{argument.name} has values that are no numbers"
    if isinstance(value, int) or math.isfinite(value):
        return None
    return f"{argument.name} must be {argument.bounds}, got {value}, which is no number"


def argument_fault(argument: ActionArgument, value: ArgumentValue) -> str | None:
    """What is wrong, with what is needed; None if the value can be given."""
    return finite_fault(argument, value) or (
        _fault_of_array(argument, value) if isinstance(value, memoryview) else _fault_of_number(argument, value)
    )


def _fault_of_number(argument: ActionArgument, value: float) -> str | None:
    if argument.length is not None:
        return f"{argument.name} must be an array of up to {argument.length} numbers, got one number"
    if isinstance(value, bool) or (argument.kind is ValueKind.INTEGER and not isinstance(value, int)):
        return f"{argument.name} must be a {'whole ' * (argument.kind is ValueKind.INTEGER)}number, got {value}"
    if argument.lowest <= value <= argument.highest:
        return None
    shown = max(-_LARGEST_SHOWN, min(value, _LARGEST_SHOWN))  # Python writes no integer of thousands of digits
    return f"{argument.name} must be {argument.bounds}, got {shown}"


def _fault_of_array(argument: ActionArgument, values: memoryview) -> str | None:
    if argument.length is None:
        return f"{argument.name} must be one number, got {len(values)} values"
    if not 1 <= len(values) <= argument.length:
        return f"{argument.name} must have 1 to {argument.length} values, got {len(values)}"
    for worst in (min(values), max(values)):
        if not argument.lowest <= worst <= argument.highest:
            return f"every value of {argument.name} must be {argument.bounds}, got {worst}"
    return None
