"""Which alarms a site has: those that its points can tell of. Plain Python."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.adapters.opcua.conditions.alarm_kinds import ALARMS, FLAG_ALARMS, HEALTH_ALARMS, AlarmKind, AlarmName
from gateway.adapters.opcua.conditions.transitions import CalibrationWatch
from gateway.adapters.opcua.conditions.watches import CommunicationWatch, FlagsWatch, LimitsWatch, Watch
from gateway.adapters.opcua.node_ids import ALARM_FOLDER
from gateway.model.device_health import HEALTH_BY_FLAG, HEALTH_BY_VALUE, DeviceHealth
from gateway.model.meaning import Meaning
from gateway.model.points import AlarmLimits, DeviceSpec, PointSpec, ValueKind
from gateway.model.quality import State


@dataclass(frozen=True, slots=True)
class AlarmSpec:
    """One alarm of the site.

    Attributes:
        group: Index of the group of points that it follows from.
        device: Name of the analyser.
        owner: Channel that it belongs to; empty for the whole analyser.
        name: ConditionName.
        watch: What judges it.
        health: Status signal of NE 107 that it stands for; None for the others.
        input: Path of the point that decides, below the analyser; empty where several do.
        point: The value with limits; None for an alarm without.
        each_tick: Whether every value has to be judged, not only changes of flags and states.
        part: Which of the values of its channel it is of, where several have limits; else empty.
    """

    group: int
    device: str
    owner: str
    name: AlarmName
    watch: Watch
    health: DeviceHealth | None = None
    input: tuple[str, ...] = ()
    point: PointSpec | None = None
    each_tick: bool = False
    part: str = ""

    @property
    def kind(self) -> AlarmKind:
        """Its row in the table."""
        return ALARMS[self.name]

    @property
    def title(self) -> str:
        """BrowseName of the condition; no other of the analyser has it."""
        return " ".join(filter(None, (self.owner, self.part, self.name)))

    @property
    def identifier(self) -> str:
        """String part of the ConditionId, `stack/Alarms/I1 Alarm1`."""
        return f"{self.device}/{ALARM_FOLDER}/{self.title}"

    @property
    def source(self) -> str:
        """String part of the SourceNode, and the SourceName: `stack/I1`, or `stack`."""
        return f"{self.device}/{self.owner}" if self.owner else self.device

    @property
    def limits(self) -> AlarmLimits | None:
        """Limits, for an alarm on them."""
        return None if self.point is None else self.point.limits


class _Analyser:
    """Finds its way in the points that one analyser acquires."""

    def __init__(self, device: DeviceSpec) -> None:
        group = device.groups[0]
        self.device = device
        self.group = group.index
        self.points = tuple((place, point, point.path[0]) for place, point in enumerate(group.points) if point.meaning)
        self.places = {(owner, point.meaning): place for place, point, owner in self.points}
        self.values = {owner: place for place, point, owner in self.points if point.meaning is Meaning.VALUE}
        self.own = next((owner for _, point, owner in self.points if point.meaning is Meaning.COMMUNICATION), "")
        faults = (place for place, point, _ in self.points if point.meaning is Meaning.FAULT)
        self.witness = self.places.get((self.own, Meaning.FAULT), next(faults, -1))

    def subject(self, owner: str = "") -> str:
        return f"{self.device.name} {owner}".rstrip()

    def ground(self, owner: str) -> str:
        """How a message names it; the analyser itself needs no name."""
        return "" if owner == self.own else owner

    def alarms(self) -> Iterator[AlarmSpec]:
        """Its alarms, those of the whole analyser first."""
        name = self.device.name
        communication = self.places.get((self.own, Meaning.COMMUNICATION))
        if communication is not None:
            watch = CommunicationWatch(name, communication)
            path = self._path(communication)
            yield AlarmSpec(self.group, name, "", AlarmName.COMMUNICATION, watch, input=path)
        if self.witness >= 0:
            for health, alarm in HEALTH_ALARMS.items():
                yield AlarmSpec(self.group, name, "", alarm, self._health_watch(health, alarm), health)
        for place, point, owner in self.points:
            if point.meaning in FLAG_ALARMS and point.meaning is not None:
                alarm = FLAG_ALARMS[point.meaning]
                in_service = {"": self.values[owner]} if owner in self.values else {}
                flag = FlagsWatch(alarm, self.subject(owner), place, [(place, "")], in_service=in_service)
                yield AlarmSpec(self.group, name, owner, alarm, flag, input=point.path)
            elif _has_limits(point):
                yield self._limits(place, point, owner)

    def _limits(self, place: int, point: PointSpec, owner: str) -> AlarmSpec:
        assert point.limits is not None  # noqa: S101  asked by the caller
        alike = sum(other == owner and _has_limits(one) for _place, one, other in self.points)
        part = " ".join(point.path[1:]) if alike > 1 else ""
        watch = LimitsWatch(self.subject(f"{owner} {part}"), place, point, point.limits)
        name = self.device.name
        return AlarmSpec(
            self.group, name, owner, AlarmName.LIMITS, watch, input=point.path, point=point, each_tick=True, part=part
        )

    def _health_watch(self, health: DeviceHealth, alarm: AlarmName) -> FlagsWatch:
        flags = [
            (place, self.ground(owner))
            for place, point, owner in self.points
            if point.meaning is not None and HEALTH_BY_FLAG.get(point.meaning) is health
        ]
        bad = frozenset(state for state, signal in HEALTH_BY_VALUE.items() if signal is health)
        states: list[tuple[int, str, frozenset[State]]] = [
            (place, owner, bad) for owner, place in self.values.items() if bad
        ]
        return FlagsWatch(alarm, self.subject(), self.witness, flags, states, self.values)

    def calibrations(self) -> Iterator[CalibrationWatch]:
        """Calibration groups, as far as the analyser reports them."""
        for (owner, meaning), gas in self.places.items():
            if meaning is Meaning.CALIBRATION_GAS and (owner, Meaning.CALIBRATING) in self.places:
                yield CalibrationWatch(self.device.name, owner, self.places[owner, Meaning.CALIBRATING], gas)

    def _path(self, place: int) -> tuple[str, ...]:
        return self.device.groups[0].points[place].path


def _has_limits(point: PointSpec) -> bool:
    """Whether it is one number whose limits are watched."""
    limits = point.limits
    is_number = point.kind in (ValueKind.FLOAT, ValueKind.INTEGER) and point.length is None
    is_value = point.meaning is Meaning.VALUE and is_number
    return (
        is_value
        and limits is not None
        and any(limit is not None for limit in (limits.low_low, limits.low, limits.high, limits.high_high))
    )


def alarms_of(device: DeviceSpec) -> tuple[AlarmSpec, ...]:
    """Alarms of one analyser; none for one whose points say nothing about themselves."""
    return tuple(_Analyser(device).alarms())


def calibrations_of(device: DeviceSpec) -> tuple[CalibrationWatch, ...]:
    """Calibration groups of one analyser."""
    return tuple(_Analyser(device).calibrations())
