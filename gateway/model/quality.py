"""The one table from the state of a value to OPC UA StatusCode and EPICS alarm.

StatusCodes: OPC 10000-4 section 7.39 and OPC 10000-8 section 7.3.2; those of NAMUR NE 107: OPC 30142 section 6.8.1.
EPICS STAT and SEVR: `alarm.h` of EPICS base. The settings may change rows for one analyser, see `quality_overrides`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from gateway.model.status_codes import STATUS_CODES, LimitBits, StatusClass, status_class, with_limit


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
    DISABLE = 18
    SIMM = 19


class State(StrEnum):
    """State of one point's value."""

    GOOD = "good"
    MAINTENANCE = "maintenance"
    ALARM = "alarm"
    LOW = "low"
    HIGH = "high"
    LOW_LOW = "low-low"
    HIGH_HIGH = "high-high"
    OUT_OF_RANGE_LOW = "out-of-range-low"
    OUT_OF_RANGE_HIGH = "out-of-range-high"
    CLAMPED_LOW = "clamped-low"
    CLAMPED_HIGH = "clamped-high"
    WARMING_UP = "warming-up"
    CALIBRATING = "calibrating"
    NO_VALUE = "no-value"
    NO_CHANNEL = "no-channel"
    INVALID_INPUT = "invalid-input"
    CHANNEL_FAULT = "channel-fault"
    ANALYSER_FAULT = "analyser-fault"
    UNIT_MISMATCH = "unit-mismatch"
    OUT_OF_SERVICE = "out-of-service"
    STALE = "stale"
    COMMUNICATION_INTERRUPTED = "communication-interrupted"
    COMMUNICATION_LOST = "communication-lost"
    WAITING = "waiting"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Quality:
    """How one State looks on each protocol.

    Attributes:
        status_name: Symbolic name of the OPC UA StatusCode.
        limit: Its limit bits.
        status: EPICS STAT.
        severity: EPICS SEVR.
        meaning: For people.
    """

    status_name: str
    limit: LimitBits
    status: AlarmStatus
    severity: Severity
    meaning: str

    @property
    def status_code(self) -> int:
        """OPC UA StatusCode, 32 bits, limit bits included."""
        return with_limit(STATUS_CODES[self.status_name], self.limit)

    @property
    def keeps_value(self) -> bool:
        """Whether OPC UA clients still see a value. A Bad StatusCode carries none (OPC 10000-4 section 7.11).

        EPICS always keeps the last value.
        """
        return status_class(self.status_code) is not StatusClass.BAD


_S, _V, _L = AlarmStatus, Severity, LimitBits


def _row(
    name: str, status: AlarmStatus, severity: Severity, meaning: str, limit: LimitBits = LimitBits.NONE
) -> Quality:
    return Quality(name, limit, status, severity, meaning)


QUALITY: dict[State, Quality] = {
    State.GOOD: _row("Good", _S.NO_ALARM, _V.NO_ALARM, "Fresh value, nothing to report"),
    State.MAINTENANCE: _row("Good", _S.STATE, _V.MINOR, "Maintenance required (NE 107 M)"),
    State.ALARM: _row("Good", _S.STATE, _V.MINOR, "Alarm 1 to 4 of the analyser is up"),
    State.LOW: _row("Good", _S.LOW, _V.MINOR, "At or below the configured low limit"),
    State.HIGH: _row("Good", _S.HIGH, _V.MINOR, "At or above the configured high limit"),
    State.LOW_LOW: _row("Good", _S.LOLO, _V.MAJOR, "At or below the configured low_low limit"),
    State.HIGH_HIGH: _row("Good", _S.HIHI, _V.MAJOR, "At or above the configured high_high limit"),
    State.OUT_OF_RANGE_LOW: _row(
        "UncertainEngineeringUnitsExceeded", _S.HW_LIMIT, _V.MAJOR, "Below the configured range (NE 107 S)", _L.LOW
    ),
    State.OUT_OF_RANGE_HIGH: _row(
        "UncertainEngineeringUnitsExceeded", _S.HW_LIMIT, _V.MAJOR, "Above the configured range (NE 107 S)", _L.HIGH
    ),
    State.CLAMPED_LOW: _row(
        "UncertainSensorNotAccurate", _S.HW_LIMIT, _V.MAJOR, "At the lower end of what the instrument can show", _L.LOW
    ),
    State.CLAMPED_HIGH: _row(
        "UncertainSensorNotAccurate", _S.HW_LIMIT, _V.MAJOR, "At the upper end of what the instrument can show", _L.HIGH
    ),
    State.WARMING_UP: _row("UncertainSensorNotAccurate", _S.STATE, _V.MINOR, "Not yet at working temperature"),
    State.CALIBRATING: _row("Bad", _S.STATE, _V.MINOR, "Calibration gas, not process gas (NE 107 C)"),
    State.NO_VALUE: _row("Bad", _S.UDF, _V.INVALID, "The analyser sent no usable number"),
    State.NO_CHANNEL: _row("BadNotConnected", _S.UDF, _V.INVALID, "The analyser does not have this channel"),
    State.INVALID_INPUT: _row("BadSensorFailure", _S.HW_LIMIT, _V.INVALID, "External input out of range or unusable"),
    State.CHANNEL_FAULT: _row("BadSensorFailure", _S.STATE, _V.MAJOR, "The transducer reports a fault (NE 107 F)"),
    State.ANALYSER_FAULT: _row("BadDeviceFailure", _S.READ, _V.INVALID, "The analyser reports a fault (NE 107 F)"),
    State.UNIT_MISMATCH: _row(
        "BadConfigurationError", _S.READ, _V.INVALID, "The analyser sends another unit than configured"
    ),
    State.OUT_OF_SERVICE: _row("BadOutOfService", _S.DISABLE, _V.INVALID, "Taken out of service in the settings"),
    State.STALE: _row("UncertainLastUsableValue", _S.TIMEOUT, _V.INVALID, "Nothing fresh within the stale time"),
    State.COMMUNICATION_INTERRUPTED: _row(
        "UncertainNoCommunicationLastUsableValue", _S.COMM, _V.INVALID, "Read failed; last value shown"
    ),
    State.COMMUNICATION_LOST: _row(
        "BadNoCommunication", _S.COMM, _V.INVALID, "No communication for longer than the hard limit"
    ),
    State.WAITING: _row("BadWaitingForInitialData", _S.UDF, _V.INVALID, "Nothing received since the start"),
    State.STOPPED: _row("BadShutdown", _S.COMM, _V.INVALID, "The gateway is stopping"),
}
"""One row per State; `docs/reference/quality.md` is generated from it."""
