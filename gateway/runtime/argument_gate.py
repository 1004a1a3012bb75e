"""The gate that looks at what an action is given: numbers that are numbers, of the right kind, within their bounds."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.model.actions import ActionSpec, ArgumentValue
from gateway.model.argument_fault import argument_fault, finite_fault
from gateway.runtime.refusal import Refusal


def not_finite(spec: ActionSpec, arguments: Sequence[ArgumentValue]) -> Refusal | None:
    """Refuse what is no number at all, before anything else is looked at.

    Args:
        spec: The action.
        arguments: As the client gives them; too few or too many are for `misfit` to see.
    """
    for argument, given in zip(spec.arguments, arguments, strict=False):
        if fault := finite_fault(argument, given):
            return Refusal(fault)
    return None


def misfit(spec: ActionSpec, arguments: Sequence[ArgumentValue]) -> Refusal | None:
    """Refuse arguments of another number or kind than the action has, and those beyond their bounds.

    Args:
        spec: The action.
        arguments: As the client gives them.
    """
    if len(arguments) != len(spec.arguments):
        wanted = ", ".join(f"{one.name} {one.bounds}" for one in spec.arguments)
        what = f"{spec.name} needs {len(spec.arguments)} arguments, got {len(arguments)}"
        return Refusal(what, f"give {wanted}" if wanted else "give none")
    for argument, given in zip(spec.arguments, arguments, strict=True):
        if fault := argument_fault(argument, given):
            return Refusal(fault)
    return None
