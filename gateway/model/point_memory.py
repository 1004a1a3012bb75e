"""What clients have last been shown of one analyser, and what they are to see when it falls silent."""

from __future__ import annotations

from collections.abc import Container, Sequence

from gateway.model.points import PointGroup
from gateway.model.quality import State
from gateway.model.stamp import Stamp
from gateway.model.update import Update
from gateway.model.value import Value

HARD_LIMIT = 3
"""After this many stale times without anything fresh, the last value is no longer shown as usable."""


class PointMemory:
    """Remembers the last value of each acquired point, so that an adapter always gets what clients should see.

    After a loss of communication that is the last value under an uncertain state, later nothing under a bad one.

    Args:
        group: Acquired points of the analyser, built by `build_site`.

    Attributes:
        communication: Place of `Status/Communication` in the group; the values of the analyser stand before it.
        values: Last known value of each point. Replaced, never changed.
        states: Last known state of each point. Likewise.
        ticks: Good batches so far.
    """

    def __init__(self, group: PointGroup) -> None:
        count = len(group.points)
        self._group = group
        self._cyclic = [point.cyclic for point in group.points]
        self._shown_values: Sequence[Value] = [None] * count
        self._shown_states: Sequence[State] = [State.WAITING] * count
        self.communication = [point.path for point in group.points].index(("Status", "Communication"))
        self.values: list[Value] = [None] * count
        self.states: list[State] = [State.WAITING] * count
        self.ticks = 0

    def remember(self, stamp: Stamp, values: list[Value], states: list[State], fresh: Container[int]) -> Update:
        """Take what is known now, and show it.

        Args:
            stamp: Acquisition instant.
            values: One per point.
            states: One per point.
            fresh: Places of the points that the analyser has just told of.
        """
        self.values, self.states = values, states
        return self._show(stamp, values, states, fresh)

    def degrade(self, state: State, stamp: Stamp) -> Update:
        """All points fall to one state: the last value is kept where the state keeps values.

        Nothing looks better for the loss: a point without a usable value when it was last heard of, or never heard of,
        shows `State.COMMUNICATION_LOST` where the others keep theirs, and what is out of service stays so.
        """
        quality = self._group.quality
        if self.ticks == 0 and quality[state].keeps_value:
            state = State.COMMUNICATION_LOST
        values = list(self.values)
        values[self.communication] = state.value
        states = [state] * len(values)
        if state is not State.STOPPED:
            keeps_value = quality[state].keeps_value
            for index, known in enumerate(self.states):
                if known is State.OUT_OF_SERVICE:
                    states[index] = known
                elif keeps_value and not quality[known].keeps_value:
                    states[index] = State.COMMUNICATION_LOST
            states[self.communication] = State.GOOD
        return self._show(stamp, values, states, ())

    def _show(self, stamp: Stamp, values: list[Value], states: list[State], fresh: Container[int]) -> Update:
        changed = [
            index
            for index, (value, state, old_value, old_state, cyclic) in enumerate(
                zip(values, states, self._shown_values, self._shown_states, self._cyclic, strict=True)
            )
            if (cyclic and index in fresh) or state is not old_state or (value is not old_value and value != old_value)
        ]
        self._shown_values, self._shown_states = values, states
        return Update(self._group.index, stamp, values, states, changed)

    def keeps_value(self, state: State) -> bool:
        """Whether clients still see a value in that state."""
        return self._group.quality[state].keeps_value

    def state_shown(self, index: int) -> State:
        """State of a point as clients see it."""
        return self._shown_states[index]
