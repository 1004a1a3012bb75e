"""Out of everything an analyser can be made to do, what the settings open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from gateway.model.actions import ActionSpec


def open_actions(specs: Iterable[ActionSpec], opened: Mapping[str, Sequence[str]]) -> tuple[ActionSpec, ...]:
    """The actions that are open to somebody, in the order of the driver.

    Args:
        specs: Every action of the analyser.
        opened: Name of an action to its operators.
    """
    return tuple(spec for spec in specs if opened.get(spec.name))
