"""What an analyser says about itself: readings of its channels and the state of the whole instrument."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from gateway.model.value import Value


class ProtocolKind(StrEnum):
    """How the bytes travelled."""

    CONTINUOUS = "continuous"
    MODBUS_RTU = "modbus-rtu"
    MODBUS_ASCII = "modbus-ascii"
    MODBUS_TCP = "modbus-tcp"
    LOCAL = "local"
    """No wire of the gateway's own: a library or the operating system reaches the instrument."""


WireProtocol = Literal[
    ProtocolKind.CONTINUOUS, ProtocolKind.MODBUS_RTU, ProtocolKind.MODBUS_ASCII, ProtocolKind.MODBUS_TCP
]
"""Those that a bus can have."""


class ChannelKind(StrEnum):
    """Where a channel's value comes from."""

    MEASURED = "measured"
    DERIVED = "derived"
    EXTERNAL = "external"


@dataclass(frozen=True, slots=True)
class ChannelStatus:
    """Status bits of one channel.

    Attributes:
        fault: The transducer failed.
        maintenance: The transducer asks for maintenance (NAMUR NE 107 M).
        calibrating: A calibration is in progress; the value is calibration gas, not process gas.
        warming_up: Not yet at working temperature.
        invalid: External input out of range or unusable.
        alarms: Process alarms 1 to 4. An alarm does not make the value bad.
    """

    fault: bool = False
    maintenance: bool = False
    calibrating: bool = False
    warming_up: bool = False
    invalid: bool = False
    alarms: tuple[bool, bool, bool, bool] = (False, False, False, False)


@dataclass(frozen=True, slots=True)
class Reading:
    """Value, unit and status of one channel at one instant.

    Attributes:
        channel: Identity on the instrument (`I1`, `D2`, `E1`); the same in every wire mode.
        kind: Measured, derived or external.
        name: Canonical display name, ASCII where the instrument sends ASCII (`CO2`); empty when the channel is unnamed.
        value: What the instrument sent, a number always finite; None when it sent nothing usable.
        unit: Canonical unit (`%`, `vpm`, `mA`), empty when the instrument sent none.
        status: Status bits.
        raw: Bytes that carried the value.
    """

    channel: str
    kind: ChannelKind
    name: str
    value: Value
    unit: str
    status: ChannelStatus
    raw: bytes = b""


@dataclass(frozen=True, slots=True)
class CalibrationGroup:
    """State of one autocalibration group: sample or calibration gas, and the number of the gas (1 or 2)."""

    calibrating: bool = False
    gas: int = 1


@dataclass(frozen=True, slots=True)
class AnalyserStatus:
    """State of the whole instrument.

    Attributes:
        fault: The instrument reports a failure.
        maintenance: The instrument asks for maintenance.
        groups: Calibration groups in order, group 1 first.
        clock: The instrument's own clock, without time zone; None when absent or not a date. Data, never the time
            stamp.
    """

    fault: bool = False
    maintenance: bool = False
    groups: tuple[CalibrationGroup, ...] = ()
    clock: datetime | None = None


@dataclass(frozen=True, slots=True)
class AnalyserFrame:
    """Everything one continuous frame or one Modbus sweep says, decoded."""

    readings: tuple[Reading, ...]
    analyser: AnalyserStatus
