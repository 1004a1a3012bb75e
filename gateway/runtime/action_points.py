"""The progress of actions on its way to the clients, as ordinary Updates."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.model.points import PointGroup
from gateway.model.quality import State
from gateway.model.stamp import Stamp
from gateway.model.update import Update
from gateway.model.value import Value


class ActionPoints:
    """Values and states of the `Action` group of one analyser; each method returns what has changed.

    Args:
        group: The group; its points are `model.actions.ACTION_POINTS`.
    """

    def __init__(self, group: PointGroup) -> None:
        self._group = group
        names = [point.path[-1] for point in group.points]
        self._index = {name: index for index, name in enumerate(names)}
        start: dict[str, Value] = {"State": "idle", "Last": "", "Result": "", "Time": "", "Done": 0, "Refused": 0}
        self._values = [start.get(name) for name in names]
        self._states = [State.GOOD if name in start else State.WAITING for name in names]

    def start(self, stamp: Stamp) -> Update:
        """Everything, before the first action."""
        return self._update(stamp, range(len(self._values)))

    def running(self, stamp: Stamp, asked: str) -> Update:
        """An action is being carried out."""
        return self._set(stamp, State="running", Last=asked, Result="")

    def ended(self, stamp: Stamp, state: str, asked: str, result: str, *, done: bool) -> Update:
        """An action has ended, or was refused."""
        time = stamp.utc.isoformat(timespec="milliseconds")
        return self._set(stamp, State=state, Last=asked, Result=result, Time=time, **self._counted(done=done))

    def counted(self, stamp: Stamp, *, done: bool) -> Update:
        """Something was refused that must not hide what is going on."""
        return self._set(stamp, **self._counted(done=done))

    def leftovers(self, stamp: Stamp, found: Sequence[str]) -> Update:
        """What was found on the analyser."""
        self._states[self._index["Leftovers"]] = State.GOOD
        return self._set(stamp, Leftovers="; ".join(found))

    def leftovers_unsure(self, stamp: Stamp) -> Update:
        """The analyser cannot be asked: what was found is no longer certain."""
        index = self._index["Leftovers"]
        if self._states[index] is State.GOOD:
            self._states[index] = State.COMMUNICATION_INTERRUPTED
        return self._update(stamp, (index,))

    def stop(self, stamp: Stamp) -> Update:
        """The last values under `State.STOPPED`."""
        self._states = [State.STOPPED] * len(self._states)
        return self._update(stamp, range(len(self._values)))

    def _counted(self, *, done: bool) -> dict[str, Value]:
        name = "Done" if done else "Refused"
        count = self._values[self._index[name]]
        return {name: (count if isinstance(count, int) else 0) + 1}

    def _set(self, stamp: Stamp, **values: Value) -> Update:
        for name, value in values.items():
            self._values[self._index[name]] = value
        return self._update(stamp, [self._index[name] for name in values])

    def _update(self, stamp: Stamp, changed: Sequence[int]) -> Update:
        return Update(self._group.index, stamp, tuple(self._values), tuple(self._states), changed)
