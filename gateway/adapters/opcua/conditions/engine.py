"""Alarms, conditions and events of a site: from Updates to events, and from operators back to alarms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import anyio
from asyncua.server.address_space import AddressSpace

from gateway.adapters.opcua.address_space.builder import add_nodes
from gateway.adapters.opcua.address_space.site_tree import ANALYSERS
from gateway.adapters.opcua.conditions.alarm import Alarm
from gateway.adapters.opcua.conditions.alarm_types import alarm_type
from gateway.adapters.opcua.conditions.condition import Condition
from gateway.adapters.opcua.conditions.condition_fields import fields_of
from gateway.adapters.opcua.conditions.condition_methods import ConditionMethods
from gateway.adapters.opcua.conditions.condition_nodes import ConditionNodes
from gateway.adapters.opcua.conditions.notifier_hierarchy import add_notifiers
from gateway.adapters.opcua.conditions.refresh import ConditionRefresh, EventItems
from gateway.adapters.opcua.conditions.site_alarms import alarms_of, calibrations_of
from gateway.adapters.opcua.conditions.transition_events import transition_event
from gateway.adapters.opcua.conditions.transition_types import (
    CALIBRATION_EVENT,
    HEALTH_EVENT,
    transition_type_items,
)
from gateway.adapters.opcua.conditions.transitions import CalibrationWatch, HealthWatch
from gateway.adapters.opcua.engine.wire_types import site_node
from gateway.adapters.opcua.events.event import Event
from gateway.adapters.opcua.events.event_types import EventTypes
from gateway.adapters.opcua.events.notifier import EventNotifier
from gateway.adapters.opcua.events.simple_events import SimpleEvents, event_ids
from gateway.adapters.opcua.node_ids import HEALTH_ALARMS_FOLDER, model_root
from gateway.adapters.opcua.security.audit import AuditEvent
from gateway.adapters.opcua.services.method_table import MethodTable
from gateway.model.device_health import DeviceHealth, worst
from gateway.model.points import DeviceSpec, SiteSpec
from gateway.model.quality import State
from gateway.model.schedule import NS_PER_S
from gateway.model.stamp import Clock, Stamp
from gateway.model.update import Update

MAX_SHELVED_S = 24 * 3600
"""MaxTimeShelved of every alarm."""


@dataclass(slots=True)
class _Analyser:
    """What one group of points decides.

    Attributes:
        on_change: Conditions that follow from flags and states.
        each_tick: Conditions for which every value counts.
        calibrations: Calibration groups.
        health: Health of the analyser.
        cyclic: Number of its points that are written on every tick.
        states: Those seen last.
    """

    on_change: Sequence[Condition]
    each_tick: Sequence[Condition]
    calibrations: Sequence[CalibrationWatch]
    health: HealthWatch
    cyclic: int
    states: Sequence[State] | None = None


class ConditionEngine:
    """Alarms, conditions and events of one server.

    Args:
        site: What the server shows.
        aspace: Its address space, with the nodes of the site and of its models.
        notifier: Where events begin their way to clients.
        methods: What clients may call.
        items: Items on events of a client's subscription.
        record: Where it is listed who answered an alarm.
        clock: Time.
    """

    def __init__(
        self,
        site: SiteSpec,
        aspace: AddressSpace,
        notifier: EventNotifier,
        methods: MethodTable,
        items: EventItems,
        record: Callable[[AuditEvent], None],
        clock: Clock,
    ) -> None:
        self._site = site
        self._aspace = aspace
        self._notifier = notifier
        self._methods = methods
        self._record = record
        self._clock = clock
        self._new_event_id = event_ids()
        self._events = SimpleEvents(self._new_event_id)
        self._analysers: dict[int, _Analyser] = {}
        self._conditions: list[Condition] = []
        self._refresh = ConditionRefresh(items, notifier, self._conditions, _event, self._of_server)
        self._rescheduled = anyio.Event()

    def install(self) -> None:
        """Add the nodes and offer the methods. Last of all that adds nodes, before the server listens.

        Raises:
            AdapterError: A node is refused.
        """
        add_nodes(self._aspace, transition_type_items())
        for device in self._site.devices:
            self._take_charge(device)
        sources = [condition.spec.source for condition in self._conditions]
        sources += [one.source for analyser in self._analysers.values() for one in analyser.calibrations]
        add_notifiers(self._aspace, self._site, ANALYSERS, sources)
        roots = {device.name: model_root(device) for device in self._site.devices}
        folders = {name: site_node(f"{root}/{HEALTH_ALARMS_FOLDER}") for name, root in roots.items() if root}
        ConditionNodes(self._aspace, self._conditions, folders).install()
        callable_on = {node_id: one for one in self._conditions for node_id in (one.node_id, one.shelving_id)}
        ConditionMethods(callable_on, self._answered, self._record, self._clock).offer(self._methods)
        self._refresh.offer(self._methods)
        EventTypes.of(self._aspace)  # the first client need not wait for them

    def apply(self, update: Update) -> None:
        """Judge one Update, after its values have been shown. Never suspends."""
        analyser = self._analysers.get(update.group)
        if analyser is None:
            return
        values, states, stamp = update.values, update.states, update.stamp
        for condition in analyser.each_tick:
            self._look(condition, update)
        if len(update.changed) == analyser.cyclic and states == analyser.states:
            return
        analyser.states = states
        for condition in analyser.on_change:
            self._look(condition, update)
        for calibration in analyser.calibrations:
            transition = calibration.look(values, states)
            if transition is not None:
                self._notifier.emit(
                    transition_event(self._events, CALIBRATION_EVENT, transition, stamp, self._clock.stamp())
                )
        self._watch_health(analyser, stamp)

    async def serve(self) -> None:
        """Take alarms off the shelf when their time is over, until cancelled."""
        while True:
            self._rescheduled = anyio.Event()
            ends = [one.alarm.state.unshelve_at_ns for one in self._conditions]
            next_end = min((end for end in ends if end is not None), default=None)
            async with anyio.create_task_group() as waiting:
                if next_end is not None:
                    waiting.start_soon(self._wake_at, next_end)
                await self._rescheduled.wait()
                waiting.cancel_scope.cancel()
            now = self._clock.stamp()
            for condition in self._conditions:
                if condition.alarm.expire(now):
                    self._emit(condition)

    async def _wake_at(self, monotonic_ns: int) -> None:
        await self._clock.sleep_until(monotonic_ns)
        self._rescheduled.set()

    def _take_charge(self, device: DeviceSpec) -> None:
        now = self._clock.stamp()
        conditions = [
            Condition(
                spec,
                Alarm(spec.kind.severity, MAX_SHELVED_S * NS_PER_S, self._new_event_id, now),
                alarm_type(self._aspace, spec.name),
                device.quality,
                self._clock,
                now,
            )
            for spec in alarms_of(device)
        ]
        if not conditions:
            return
        group = device.groups[0]
        self._conditions.extend(conditions)
        self._analysers[group.index] = _Analyser(
            [one for one in conditions if not one.spec.each_tick],
            [one for one in conditions if one.spec.each_tick],
            calibrations_of(device),
            HealthWatch(device.name),
            sum(point.cyclic for point in group.points),
        )

    def _look(self, condition: Condition, update: Update) -> None:
        finding = condition.spec.watch.look(update.values, update.states, update.stamp.monotonic_ns)
        if finding is not None and condition.alarm.observe(finding, update.stamp):
            self._emit(condition)

    def _watch_health(self, analyser: _Analyser, stamp: Stamp) -> None:
        signals: list[DeviceHealth] = []
        for condition in analyser.on_change:
            if condition.spec.health is None:
                continue
            finding = condition.alarm.state.finding
            if finding.grounds is None:
                return
            if finding.grounds:
                signals.append(condition.spec.health)
        transition = analyser.health.look(worst(signals))
        if transition is not None:
            self._notifier.emit(transition_event(self._events, HEALTH_EVENT, transition, stamp, self._clock.stamp()))

    def _answered(self, condition: Condition) -> None:
        self._emit(condition)
        self._rescheduled.set()

    def _emit(self, condition: Condition) -> None:
        condition.received_at = self._clock.stamp()
        if self._notifier.is_heard:
            self._notifier.emit(_event(condition))

    def _of_server(self, event_type: int, message: str, severity: int) -> Event:
        return self._events.of_server(event_type, message, severity, self._clock.stamp())


def _event(condition: Condition) -> Event:
    return Event(condition.event_type, condition.source_id, fields_of(condition), condition.node_id)
