"""From a batch of Samples to the values and states of a gas analyser: value, name and status bits of each channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gateway.model.channel_spec import ChannelSpec
from gateway.model.limit_alarms import LimitWatch
from gateway.model.point_memory import PointMemory
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


class ChannelProjector:
    """Turns the batches of one gas analyser into Updates of its acquired points; a `Projection`.

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
        self._every = range(len(group.points))
        self._memory = PointMemory(group)
        for place, spec in enumerate(channels.values()):
            if spec.out_of_service:
                self._memory.states[place * _POINTS_PER_CHANNEL] = State.OUT_OF_SERVICE

    def project(self, batch: Sequence[Sample]) -> Update:
        """One good batch, in the channels' order; `metadata["analyser"]` carries the `AnalyserStatus`."""
        first, memory = batch[0], self._memory
        stamp = Stamp.from_utc(first.received_at, first.monotonic_ns)
        analyser = first.metadata["analyser"]
        assert isinstance(analyser, AnalyserStatus)  # noqa: S101  the drivers' contract suite checks it
        memory.ticks += 1
        values: list[Value] = []
        rules: list[ValueRule] = []
        for sample, (spec, unit, watch) in zip(batch, self._channels, strict=True):
            reading = sample.reading
            assert reading is not None  # noqa: S101  an error Sample never comes with readings
            values.append(reading.value)
            rules.append(value_rule(reading, analyser, spec, unit, watch, stamp.monotonic_ns))
            values.append(reading.name)
            values.extend(_flags(reading.status))
        values.extend((State.GOOD.value, memory.ticks, analyser.fault, analyser.maintenance))
        for group in analyser.groups:
            values.extend((group.calibrating, group.gas))
        states_in_order = [State.GOOD] * len(values)
        states_in_order[: memory.communication : _POINTS_PER_CHANNEL] = [rule.state for rule in rules]
        if len(values) < len(self._every):
            clock = analyser.clock
            offset = None if clock is None else round((clock - stamp.utc.replace(tzinfo=None)).total_seconds(), 3)
            values.extend((None if clock is None else clock.isoformat(), offset))
            states_in_order.extend([State.GOOD if clock is not None else State.NO_VALUE] * 2)
        self._rules = rules
        return memory.remember(stamp, values, states_in_order, self._every)

    def degrade(self, state: State, stamp: Stamp) -> Update:
        """See `PointMemory.degrade`."""
        return self._memory.degrade(state, stamp)

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
        elif self._memory.state_shown(index) is State.NO_VALUE:
            return Reason("the analyser's clock is not set, or shows no date")
        return Reason("fresh")

    def in_state(self, update: Update, state: State) -> list[str]:
        """Channels whose value is in that state."""
        values = range(0, self._memory.communication, _POINTS_PER_CHANNEL)
        return [self._group.points[index].path[0] for index in values if update.states[index] is state]
