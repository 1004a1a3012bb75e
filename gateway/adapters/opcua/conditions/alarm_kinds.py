"""The one table of alarms and events: severities, classes and words; `docs/reference/alarms.md` is generated from it.

Plain Python. Severities are of the range of OPC 10000-5 section 6.4.2: up to 333 low, up to 666 medium, above high.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from gateway.model.device_health import DeviceHealth
from gateway.model.meaning import Meaning
from gateway.model.quality import State


class ConditionClass(StrEnum):
    """Standard condition classes (OPC 10000-9 section 5.9)."""

    PROCESS = "Process"
    MAINTENANCE = "Maintenance"
    SYSTEM = "System"


class AlarmName(StrEnum):
    """ConditionNames."""

    COMMUNICATION = "Communication"
    FAILURE = "Failure"
    CHECK_FUNCTION = "CheckFunction"
    OFF_SPEC = "OffSpec"
    MAINTENANCE_REQUIRED = "MaintenanceRequired"
    ALARM_1 = "Alarm1"
    ALARM_2 = "Alarm2"
    ALARM_3 = "Alarm3"
    ALARM_4 = "Alarm4"
    LIMITS = "Limits"


@dataclass(frozen=True, slots=True)
class AlarmKind:
    """What all alarms of one name have alike.

    Attributes:
        severity: 1 to 1000.
        condition_class: What it is about.
        up: Words of the message while it is up.
        meaning: For the documentation.
    """

    severity: int
    condition_class: ConditionClass
    up: str
    meaning: str


_N, _C = AlarmName, ConditionClass

ALARMS: Mapping[AlarmName, AlarmKind] = {
    _N.COMMUNICATION: AlarmKind(
        750, _C.SYSTEM, "no communication", "Nothing has been heard of the analyser for longer than the settings allow"
    ),
    _N.FAILURE: AlarmKind(
        800, _C.MAINTENANCE, "failure", "NE 107 F: the analyser or a transducer reports a fault, or sends no number"
    ),
    _N.CHECK_FUNCTION: AlarmKind(
        300, _C.MAINTENANCE, "function check", "NE 107 C: calibration gas or warming up, so no process value"
    ),
    _N.OFF_SPEC: AlarmKind(
        500, _C.MAINTENANCE, "out of specification", "NE 107 S: a value is outside its range, or clamped"
    ),
    _N.MAINTENANCE_REQUIRED: AlarmKind(
        200, _C.MAINTENANCE, "maintenance required", "NE 107 M: the analyser or a transducer asks for maintenance"
    ),
    _N.ALARM_1: AlarmKind(600, _C.PROCESS, "alarm 1", "Alarm 1 of the channel, set on the analyser"),
    _N.ALARM_2: AlarmKind(600, _C.PROCESS, "alarm 2", "Alarm 2 of the channel, set on the analyser"),
    _N.ALARM_3: AlarmKind(600, _C.PROCESS, "alarm 3", "Alarm 3 of the channel, set on the analyser"),
    _N.ALARM_4: AlarmKind(600, _C.PROCESS, "alarm 4", "Alarm 4 of the channel, set on the analyser"),
    _N.LIMITS: AlarmKind(550, _C.PROCESS, "beyond a limit", "The value is beyond a limit of the settings"),
}
"""One row per ConditionName. The severity of `Limits` is that of the limit, see `LEVEL_SEVERITIES`."""

LEVEL_SEVERITIES: Mapping[State, int] = {
    State.HIGH_HIGH: 850,
    State.HIGH: 550,
    State.LOW: 550,
    State.LOW_LOW: 850,
}
"""Severity of an alarm on limits while the value is beyond that limit."""

HEALTH_ALARMS: Mapping[DeviceHealth, AlarmName] = {
    DeviceHealth.FAILURE: _N.FAILURE,
    DeviceHealth.CHECK_FUNCTION: _N.CHECK_FUNCTION,
    DeviceHealth.OFF_SPEC: _N.OFF_SPEC,
    DeviceHealth.MAINTENANCE_REQUIRED: _N.MAINTENANCE_REQUIRED,
}
"""The alarm of each status signal of NE 107."""

FLAG_ALARMS: Mapping[Meaning, AlarmName] = {
    Meaning.ALARM_1: _N.ALARM_1,
    Meaning.ALARM_2: _N.ALARM_2,
    Meaning.ALARM_3: _N.ALARM_3,
    Meaning.ALARM_4: _N.ALARM_4,
}
"""The alarm of each process alarm of a channel."""

CALIBRATION_SEVERITY = 100
HEALTH_CHANGE_SEVERITY = 100
"""Severity of events that no condition stands behind."""
