"""From batches of Samples to the values and states of points that a driver has described one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.model.channel_spec import ChannelSpec
from gateway.model.described_point import DescribedPoint
from gateway.model.limit_alarms import LimitWatch
from gateway.model.point_memory import HARD_LIMIT, PointMemory
from gateway.model.points import PointGroup
from gateway.model.quality import State
from gateway.model.readings import AnalyserStatus, Reading
from gateway.model.sample import Sample
from gateway.model.stamp import Stamp
from gateway.model.unit_spelling import canonical_unit
from gateway.model.update import Update
from gateway.model.value_rules import Reason, ValueRule, described_rule

_NO_STATUS = AnalyserStatus()


@dataclass(slots=True)
class _Slot:
    """One point: what decides on its state, and when it last came.

    Attributes:
        path: Browse path.
        follows: Whether what the analyser says of itself counts; a point without a channel, such as the flag that says
            it, is right even then.
        spec: Its channel in the settings, or one that sets no rules.
        unit: Canonical spelling of its unit.
        watch: Its limits through time.
        stale_ns: Time without it after which it is stale; None for none of its own.
        heard_ns: When it last came, or from when it is missed; None before the first batch of the analyser.
        rule: What decided last; None before the point first came.
        reading: What it said then.
    """

    path: str
    follows: bool
    spec: ChannelSpec
    unit: str
    watch: LimitWatch | None
    stale_ns: int | None
    heard_ns: int | None = None
    rule: ValueRule | None = None
    reading: Reading | None = None


def _slot(described: DescribedPoint, channels: Mapping[str, ChannelSpec]) -> _Slot:
    point = described.point
    spec = ChannelSpec(point.unit) if described.channel is None else channels[described.channel]
    stale_ns = None if described.stale_after_s is None else round(described.stale_after_s * 1e9)
    watch = None if spec.limits is None else LimitWatch(spec.limits)
    return _Slot(point.browse_path, described.channel is not None, spec, canonical_unit(point.unit), watch, stale_ns)


class PointProjector:
    """Turns batches that may hold a part of the points into Updates of all of them; a `Projection`.

    A point that is not in a batch keeps its value and its state, until its own stale time has passed: then its last
    value becomes uncertain, and after three stale times it is lost, while the others stay as they are.

    Args:
        group: Acquired points of the analyser, built by `build_site`.
        points: The described ones, in the order of the group.
        channels: Channel identity to description.
    """

    def __init__(
        self, group: PointGroup, points: Sequence[DescribedPoint], channels: Mapping[str, ChannelSpec]
    ) -> None:
        self._slots = [_slot(point, channels) for point in points]
        self._places = {slot.path: place for place, slot in enumerate(self._slots)}
        self._memory = PointMemory(group)
        self._analyser = _NO_STATUS
        for place, slot in enumerate(self._slots):
            if slot.spec.out_of_service:
                self._memory.states[place] = State.OUT_OF_SERVICE

    def project(self, batch: Sequence[Sample]) -> Update:
        """One good batch: a Sample for every point that is new, in any order.

        Raises:
            KeyError: A Sample names a point that was not described.
        """
        first, memory = batch[0], self._memory
        stamp = Stamp.from_utc(first.received_at, first.monotonic_ns)
        given = first.metadata.get("analyser")
        self._analyser = given if isinstance(given, AnalyserStatus) else _NO_STATUS
        memory.ticks += 1
        values, states = list(memory.values), list(memory.states)
        fresh: set[int] = set()
        for sample in batch:
            reading = sample.reading
            assert reading is not None  # noqa: S101  an error Sample never comes with readings
            place = self._places[reading.channel]
            slot = self._slots[place]
            slot.reading, slot.heard_ns = reading, stamp.monotonic_ns
            analyser = self._analyser if slot.follows else _NO_STATUS
            slot.rule = described_rule(reading, analyser, slot.spec, slot.unit, slot.watch, stamp.monotonic_ns)
            values[place], states[place] = reading.value, slot.rule.state
            fresh.add(place)
        for place, slot in enumerate(self._slots):
            if place not in fresh:
                self._age(slot, place, stamp.monotonic_ns, states)
        values[memory.communication :] = (State.GOOD.value, memory.ticks)
        states[memory.communication :] = (State.GOOD, State.GOOD)
        fresh.update((memory.communication, memory.communication + 1))
        return memory.remember(stamp, values, states, fresh)

    def _age(self, slot: _Slot, place: int, now_ns: int, states: list[State]) -> None:
        if slot.heard_ns is None:
            slot.heard_ns = now_ns
        if slot.stale_ns is None or states[place] is State.OUT_OF_SERVICE:
            return
        missed_ns = now_ns - slot.heard_ns
        if missed_ns >= HARD_LIMIT * slot.stale_ns:
            states[place] = State.COMMUNICATION_LOST
        elif missed_ns >= slot.stale_ns:
            usable = slot.rule is not None and self._memory.keeps_value(slot.rule.state)
            states[place] = State.STALE if usable else State.COMMUNICATION_LOST

    def degrade(self, state: State, stamp: Stamp) -> Update:
        """See `PointMemory.degrade`."""
        return self._memory.degrade(state, stamp)

    def reason(self, index: int, batch: Sequence[Sample]) -> Reason:  # noqa: ARG002  each point remembers its own
        """Why a point is in its state; the rule that decided says it.

        Args:
            index: Place of the point in the group.
            batch: The last one that was projected.
        """
        if index >= len(self._slots):
            return Reason("fresh")
        slot, state = self._slots[index], self._memory.state_shown(index)
        if slot.rule is None or slot.reading is None:
            return Reason("the analyser has not told of it yet")
        if state is not slot.rule.state:
            own_s = (slot.stale_ns or 0) / 1e9
            return Reason(f"others come, but this one has not for more than its {own_s:g} s")
        owner = replace(slot.reading, channel=slot.path.rpartition("/")[0])
        return slot.rule.reason(owner, self._analyser, slot.spec)

    def in_state(self, update: Update, state: State) -> list[str]:
        """Points whose value is in that state."""
        return [slot.path for place, slot in enumerate(self._slots) if update.states[place] is state]
