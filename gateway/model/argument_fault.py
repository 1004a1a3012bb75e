"""What is wrong with a value that is given for an argument of an action."""

from __future__ import annotations

import math

from gateway.model.actions import ActionArgument, ArgumentValue
from gateway.model.points import ValueKind


def argument_fault(argument: ActionArgument, value: ArgumentValue) -> str | None:
    """What is wrong, with what is needed; None if the value can be given. No number (NaN, infinity) comes first."""
    if isinstance(value, memoryview):
        return _fault_of_array(argument, value)
    needed = f"{argument.name} must be {argument.lowest} to {argument.highest}"
    if argument.length is not None:
        return f"{argument.name} must be an array of up to {argument.length} numbers, got one number"
    if not math.isfinite(value):
        return f"{needed}, got {value}, which is no number"
    if argument.kind is ValueKind.INTEGER and type(value) is not int:
        return f"{argument.name} must be a whole number, got {value}"
    return None if argument.lowest <= value <= argument.highest else f"{needed}, got {value}"


def _fault_of_array(argument: ActionArgument, values: memoryview) -> str | None:
    if not all(map(math.isfinite, values)):
        return f"{argument.name} has values that are no numbers"
    if argument.length is None:
        return f"{argument.name} must be one number, got {len(values)} values"
    if not 1 <= len(values) <= argument.length:
        return f"{argument.name} must have 1 to {argument.length} values, got {len(values)}"
    for worst in (min(values), max(values)):
        if not argument.lowest <= worst <= argument.highest:
            return f"every value of {argument.name} must be {argument.lowest} to {argument.highest}, got {worst}"
    return None
