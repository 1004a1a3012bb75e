"""From a batch of Samples to the values and states of an analyser's points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gateway.model.channel_spec import ChannelSpec
from gateway.model.limit_alarms import LimitWatch
from gateway.model.points import PointGroup
from gateway.model.quality import State
from gateway.model.readings import AnalyserStatus, ChannelStatus
from gateway.model.sample import Sample
from gateway.model.site_builder import CHANNEL_FLAGS
from gateway.model.stamp import Stamp
from gateway.model.unit_spelling import canonical_unit
from gateway.model.update import Update
from gateway.model.value import Value
from gateway.model.value_rules import Reason, ValueRule, value_rule

_POINTS_PER_CHANNEL = 2 + len(CHANNEL_FLAGS)


def _flags(status: ChannelStatus) -> tuple[bool, ...]:
    return (
        status.fault,
        status.maintenance,
        status.calibrating,
        status.warming_up,
        status.invalid,
        *status.alarms,
    )


class Projector:
    """Turns the batches of one analyser into Updates of its acquired points.

    It remembers the last value of each point, so that an adapter always gets what clients should see: after a loss of
    communication the last value under an uncertain state, later nothing under a bad one.

    Args:
        group: Acquired points of the analyser, built by `build_site`.
        channels: Channel identity to description, in the order of the batches.
    """

    def __init__(self, group: PointGroup, channels: Mapping[str, ChannelSpec]) -> None:
        self._group = group
        self._channels = [
            (spec, canonical_unit(spec.unit), None if spec.limits is None else LimitWatch(spec.limits))
            for spec in channels.values()
        ]
        self._rules: list[ValueRule] = []
        count = len(group.points)
        self._cyclic = [point.cyclic for point in group.points]
        self._known: list[Value] = [None] * count
        self._known_states: list[State] = [State.WAITING] * count
        for place, spec in enumerate(channels.values()):
            if spec.out_of_service:
                self._known_states[place * _POINTS_PER_CHANNEL] = State.OUT_OF_SERVICE
        self._values: list[Value] = [None] * count
        self._states: list[State] = [State.WAITING] * count
        self._communication = len(self._channels) * _POINTS_PER_CHANNEL
        self._ticks = 0

    def project(self, batch: Sequence[Sample]) -> Update:
        """One good batch, in the channels' order; `metadata["analyser"]` carries the `AnalyserStatus`."""
        first = batch[0]
        stamp = Stamp.from_utc(first.received_at, first.monotonic_ns)
        analyser = first.metadata["analyser"]
        assert isinstance(analyser, AnalyserStatus)  # noqa: S101  the drivers' contract suite checks it
        self._ticks += 1
        values: list[Value] = []
        rules: list[ValueRule] = []
        for sample, (spec, unit, watch) in zip(batch, self._channels, strict=True):
            reading = sample.reading
            assert reading is not None  # noqa: S101  an error Sample never comes with readings
            values.append(reading.value)
            rules.append(value_rule(reading, analyser, spec, unit, watch, stamp.monotonic_ns))
            values.append(reading.name)
            values.extend(_flags(reading.status))
        values.extend((State.GOOD.value, self._ticks, analyser.fault, analyser.maintenance))
        for group in analyser.groups:
            values.extend((group.calibrating, group.gas))
        states_in_order = [State.GOOD] * len(values)
        states_in_order[: self._communication : _POINTS_PER_CHANNEL] = [rule.state for rule in rules]
        if len(values) < len(self._cyclic):
            clock = analyser.clock
            offset = None if clock is None else round((clock - stamp.utc.replace(tzinfo=None)).total_seconds(), 3)
            values.extend((None if clock is None else clock.isoformat(), offset))
            states_in_order.extend([State.GOOD if clock is not None else State.NO_VALUE] * 2)
        self._known, self._known_states, self._rules = values, states_in_order, rules
        return self._update(stamp, values, states_in_order, fresh=True)

    def degrade(self, state: State, stamp: Stamp) -> Update:
        """All points fall to one state: the last value is kept where the state keeps values.

        Nothing looks better for the loss: a point without a usable value when it was last heard of, or never heard of,
        shows `State.COMMUNICATION_LOST` where the others keep theirs, and what is out of service stays so.
        """
        quality = self._group.quality
        if self._ticks == 0 and quality[state].keeps_value:
            state = State.COMMUNICATION_LOST
        values = list(self._known)
        values[self._communication] = state.value
        states = [state] * len(values)
        if state is not State.STOPPED:
            keeps_value = quality[state].keeps_value
            for index, known in enumerate(self._known_states):
                if known is State.OUT_OF_SERVICE:
                    states[index] = known
                elif keeps_value and not quality[known].keeps_value:
                    states[index] = State.COMMUNICATION_LOST
            states[self._communication] = State.GOOD
        return self._update(stamp, values, states, fresh=False)

    def reason(self, index: int, batch: Sequence[Sample]) -> Reason:
        """Why a point is in its state after that batch; the rule that decided says it.

        Args:
            index: Place of the point in the group.
            batch: The last one that was projected.
        """
        analyser = batch[0].metadata["analyser"]
        assert isinstance(analyser, AnalyserStatus)  # noqa: S101  as in `project`
        channel, place = divmod(index, _POINTS_PER_CHANNEL)
        if channel < len(self._channels):
            reading = batch[channel].reading
            assert reading is not None  # noqa: S101  as in `project`
            if place == 0:
                return self._rules[channel].reason(reading, analyser, self._channels[channel][0])
        elif self._states[index] is State.NO_VALUE:
            return Reason("the analyser's clock is not set, or shows no date")
        return Reason("fresh")

    def in_state(self, update: Update, state: State) -> list[str]:
        """Channels whose value is in that state."""
        values = range(0, self._communication, _POINTS_PER_CHANNEL)
        return [self._group.points[index].path[0] for index in values if update.states[index] is state]

    def _update(self, stamp: Stamp, values: list[Value], states: list[State], *, fresh: bool) -> Update:
        changed = [
            index
            for index, (value, state, old_value, old_state, cyclic) in enumerate(
                zip(values, states, self._values, self._states, self._cyclic, strict=True)
            )
            if (cyclic and fresh) or value != old_value or state is not old_state
        ]
        self._values, self._states = values, states
        return Update(self._group.index, stamp, values, states, changed)
