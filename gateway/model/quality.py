"""The one table from the state of a value to OPC UA StatusCode and EPICS alarm.

StatusCodes: OPC 10000-4 section 7.39 and OPC 10000-8 annex. EPICS STAT and SEVR: `alarm.h` of EPICS base.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Severity(IntEnum):
    """EPICS alarm severity (SEVR)."""

    NO_ALARM = 0
    MINOR = 1
    MAJOR = 2
    INVALID = 3


class AlarmStatus(IntEnum):
    """EPICS alarm status (STAT), the part in use."""

    NO_ALARM = 0
    READ = 1
    HIHI = 3
    HIGH = 4
    LOLO = 5
    LOW = 6
    STATE = 7
    COMM = 9
    TIMEOUT = 10
    HW_LIMIT = 11
    UDF = 17


class State(StrEnum):
    """State of one point's value."""

    GOOD = "good"
    MAINTENANCE = "maintenance"
    ALARM = "alarm"
    LOW = "low"
    HIGH = "high"
    LOW_LOW = "low-low"
    HIGH_HIGH = "high-high"
    OUT_OF_RANGE = "out-of-range"
    WARMING_UP = "warming-up"
    CALIBRATING = "calibrating"
    NO_VALUE = "no-value"
    INVALID_INPUT = "invalid-input"
    CHANNEL_FAULT = "channel-fault"
    ANALYSER_FAULT = "analyser-fault"
    UNIT_MISMATCH = "unit-mismatch"
    STALE = "stale"
    COMMUNICATION_INTERRUPTED = "communication-interrupted"
    COMMUNICATION_LOST = "communication-lost"
    WAITING = "waiting"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Quality:
    """How one State looks on each protocol.

    Attributes:
        status_code: OPC UA StatusCode, 32 bits.
        status_name: Its symbolic name.
        keeps_value: Whether OPC UA clients still see a value. A Bad StatusCode carries none (OPC 10000-4 7.11).
            EPICS always keeps the last value.
        status: EPICS STAT.
        severity: EPICS SEVR.
        meaning: For people.
    """

    status_code: int
    status_name: str
    keeps_value: bool
    status: AlarmStatus
    severity: Severity
    meaning: str


def _quality(code: int, name: str, status: AlarmStatus, severity: Severity, meaning: str) -> Quality:
    return Quality(code, name, code < 0x8000_0000, status, severity, meaning)


_S, _V = AlarmStatus, Severity

QUALITY: dict[State, Quality] = {
    State.GOOD: _quality(0x0000_0000, "Good", _S.NO_ALARM, _V.NO_ALARM, "Fresh value, nothing to report"),
    State.MAINTENANCE: _quality(0x0000_0000, "Good", _S.STATE, _V.MINOR, "Maintenance required (NE 107 M)"),
    State.ALARM: _quality(0x0000_0000, "Good", _S.STATE, _V.MINOR, "Alarm 1 to 4 of the analyser is up"),
    State.LOW: _quality(0x0000_0000, "Good", _S.LOW, _V.MINOR, "At or below the configured low limit"),
    State.HIGH: _quality(0x0000_0000, "Good", _S.HIGH, _V.MINOR, "At or above the configured high limit"),
    State.LOW_LOW: _quality(0x0000_0000, "Good", _S.LOLO, _V.MAJOR, "At or below the configured low_low limit"),
    State.HIGH_HIGH: _quality(0x0000_0000, "Good", _S.HIHI, _V.MAJOR, "At or above the configured high_high limit"),
    State.OUT_OF_RANGE: _quality(
        0x4094_0000, "UncertainEngineeringUnitsExceeded", _S.HW_LIMIT, _V.MAJOR, "Outside the configured range"
    ),
    State.WARMING_UP: _quality(
        0x4093_0000, "UncertainSensorNotAccurate", _S.STATE, _V.MINOR, "Not yet at working temperature"
    ),
    State.CALIBRATING: _quality(
        0x4095_0000, "UncertainSubNormal", _S.STATE, _V.MINOR, "Calibration gas, not process gas (NE 107 C)"
    ),
    State.NO_VALUE: _quality(0x8000_0000, "Bad", _S.UDF, _V.INVALID, "The analyser sent no usable number"),
    State.INVALID_INPUT: _quality(
        0x808C_0000, "BadSensorFailure", _S.HW_LIMIT, _V.INVALID, "External input out of range or unusable"
    ),
    State.CHANNEL_FAULT: _quality(
        0x808C_0000, "BadSensorFailure", _S.STATE, _V.MAJOR, "The transducer reports a fault (NE 107 F)"
    ),
    State.ANALYSER_FAULT: _quality(
        0x808B_0000, "BadDeviceFailure", _S.READ, _V.INVALID, "The analyser reports a fault (NE 107 F)"
    ),
    State.UNIT_MISMATCH: _quality(
        0x8089_0000, "BadConfigurationError", _S.READ, _V.INVALID, "The analyser sends another unit than configured"
    ),
    State.STALE: _quality(
        0x4090_0000, "UncertainLastUsableValue", _S.TIMEOUT, _V.INVALID, "Nothing fresh within the stale time"
    ),
    State.COMMUNICATION_INTERRUPTED: _quality(
        0x408F_0000, "UncertainNoCommunicationLastUsableValue", _S.COMM, _V.INVALID, "Read failed; last value shown"
    ),
    State.COMMUNICATION_LOST: _quality(
        0x8031_0000, "BadNoCommunication", _S.COMM, _V.INVALID, "No communication for longer than the hard limit"
    ),
    State.WAITING: _quality(
        0x8032_0000, "BadWaitingForInitialData", _S.UDF, _V.INVALID, "Nothing received since the start"
    ),
    State.STOPPED: _quality(0x800C_0000, "BadShutdown", _S.COMM, _V.INVALID, "The gateway is stopping"),
}
"""One row per State; `docs/reference/quality.md` is generated from it."""
