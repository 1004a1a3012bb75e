"""One alarm of the site as OPC UA clients meet it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from asyncua import ua

from gateway.adapters.opcua.conditions.alarm import Alarm
from gateway.adapters.opcua.conditions.site_alarms import AlarmSpec
from gateway.adapters.opcua.engine.wire_types import site_node, status_code
from gateway.model.quality import Quality, State
from gateway.model.stamp import Clock, Stamp


@dataclass(slots=True, eq=False)
class Condition:
    """A condition with its identity in the address space.

    Attributes:
        spec: Which alarm it is.
        alarm: What it says now.
        event_type: Its type.
        quality: How states of its values look.
        clock: For what is left of the time on the shelf.
        received_at: When its last event was made; the Time of the event is that of the values.
    """

    spec: AlarmSpec
    alarm: Alarm
    event_type: ua.NodeId
    quality: Mapping[State, Quality]
    clock: Clock
    received_at: Stamp

    @property
    def node_id(self) -> ua.NodeId:
        """ConditionId."""
        return site_node(self.spec.identifier)

    @property
    def shelving_id(self) -> ua.NodeId:
        """Its ShelvingState object."""
        return site_node(f"{self.spec.identifier}/ShelvingState")

    @property
    def source_id(self) -> ua.NodeId:
        """SourceNode: the channel, or the analyser."""
        return site_node(self.spec.source)

    @property
    def input_id(self) -> ua.NodeId:
        """InputNode: the point that decides; null where several do."""
        path = self.spec.input
        return site_node("/".join((self.spec.device, *path))) if path else ua.NodeId()

    @property
    def status(self) -> ua.StatusCode:
        """Quality."""
        return status_code(self.quality[self.alarm.state.finding.quality].status_code)

    def unshelve_time(self) -> float:
        """Milliseconds left on the shelf; 0 for an alarm that is not there."""
        until = self.alarm.state.unshelve_at_ns
        return 0.0 if until is None else max(0.0, (until - self.clock.monotonic_ns()) / 1e6)
