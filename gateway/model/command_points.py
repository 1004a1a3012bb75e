"""The command PVs of an analyser: which there are, what they are called and what they are for."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.model.actions import ActionSpec
from gateway.model.points import DeviceSpec, PointSpec, ValueKind

CONFIRM = ("Action", "Confirm")
"""Path of the command that carries out what is armed."""

CONFIRMATION = PointSpec(CONFIRM, ValueKind.BOOLEAN, "Yes carries out the armed action")
"""The second step of every action."""

REQUEST_STATES = ("Idle", "Request")
"""States of the command of an action without arguments."""

_DECIMALS = 3
"""Decimals shown of what is armed; the number itself is kept as it is given."""


def commanded_actions(device: DeviceSpec) -> tuple[ActionSpec, ...]:
    """Open actions that have a command PV: a put carries one value, so those with several arguments have none."""
    return tuple(action for action in device.actions if len(action.arguments) <= 1)


def command_path(action: ActionSpec) -> tuple[str, ...]:
    """Path of the command of an action."""
    return "Action", action.name


def command_paths(device: DeviceSpec) -> Sequence[tuple[str, ...]]:
    """Path of every command of an analyser, that of the confirmation last; none where no action has a command."""
    paths = [command_path(action) for action in commanded_actions(device)]
    return [*paths, CONFIRM] if paths else []


def command_point(action: ActionSpec) -> PointSpec:
    """The command of an action with at most one argument: the argument is its value."""
    path = command_path(action)
    if not action.arguments:
        return PointSpec(path, ValueKind.BOOLEAN, action.description)
    (argument,) = action.arguments
    bounds = (float(argument.lowest), float(argument.highest))
    return PointSpec(
        path,
        argument.kind,
        action.description,
        argument.unit,
        display_range=bounds,
        precision=_DECIMALS if argument.kind is ValueKind.FLOAT else 0,
        length=argument.length,
    )
