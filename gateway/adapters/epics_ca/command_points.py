"""What the command PVs of an analyser are for."""

from __future__ import annotations

from gateway.adapters.epics_ca.names import CONFIRM, command_path
from gateway.model.actions import ActionSpec
from gateway.model.points import PointSpec, ValueKind

CONFIRMATION = PointSpec(CONFIRM, ValueKind.BOOLEAN, "Yes carries out the armed action")
"""The second step of every action."""


def command_point(action: ActionSpec) -> PointSpec:
    """The command of an action with at most one argument: the argument is its value."""
    path = command_path(action)
    if not action.arguments:
        return PointSpec(path, ValueKind.BOOLEAN, action.description)
    (argument,) = action.arguments
    bounds = (float(argument.lowest), float(argument.highest))
    return PointSpec(path, ValueKind.INTEGER, action.description, display_range=bounds)
