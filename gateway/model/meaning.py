"""What points and channels are, in words that no protocol owns: alarms and information models are built from them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gateway.model.readings import ChannelKind


class Meaning(StrEnum):
    """What one point says. Of whom, its path tells: of a channel, of a calibration group, or of the whole analyser."""

    VALUE = "value"
    NAME = "name"
    FAULT = "fault"
    MAINTENANCE = "maintenance"
    CALIBRATING = "calibrating"
    WARMING_UP = "warming-up"
    INVALID_INPUT = "invalid-input"
    ALARM_1 = "alarm-1"
    ALARM_2 = "alarm-2"
    ALARM_3 = "alarm-3"
    ALARM_4 = "alarm-4"
    CALIBRATION_GAS = "calibration-gas"
    COMMUNICATION = "communication"
    TICK = "tick"
    CLOCK = "clock"
    CLOCK_OFFSET = "clock-offset"
    SERIAL_NUMBER = "serial-number"
    SOFTWARE_REVISION = "software-revision"
    HARDWARE_REVISION = "hardware-revision"


class ActionMeaning(StrEnum):
    """What an action does, where an information model has a place for it."""

    START_CALIBRATION = "start-calibration"
    STOP_CALIBRATIONS = "stop-calibrations"


class Technology(StrEnum):
    """How a channel measures; the gas analysers among the technologies of PA-DIM (OPC 30081)."""

    PARAMAGNETIC = "paramagnetic"
    NON_DISPERSIVE_INFRARED = "non-dispersive-infrared"
    ZIRCONIUM_DIOXIDE = "zirconium-dioxide"
    TUNABLE_DIODE_LASER = "tunable-diode-laser"
    THERMAL_CONDUCTIVITY = "thermal-conductivity"
    FLAME_IONISATION = "flame-ionisation"
    AMPEROMETRIC = "amperometric"


class CompanionModel(StrEnum):
    """Which OPC UA companion specification describes an analyser beside the plain tree.

    `plain` is none of them, `padim` PA-DIM (OPC 30081), `adi` Analyser Devices (OPC 10020).
    """

    PLAIN = "plain"
    PADIM = "padim"
    ADI = "adi"


@dataclass(frozen=True, slots=True)
class ChannelRole:
    """What a channel is within its analyser.

    Attributes:
        kind: Measured, derived or external.
        source: Channel it is derived from and whose states it shares; empty for the others.
    """

    kind: ChannelKind = ChannelKind.MEASURED
    source: str = ""


@dataclass(frozen=True, slots=True)
class DeviceChannel:
    """One channel of an analyser as clients see it. Its points are those whose path begins with `name`.

    Attributes:
        name: Identity on the instrument.
        description: One line for people.
        role: What it is within its analyser.
        technology: How it measures; None when not known.
        tag: Name of its signal in the plant; empty when not known.
    """

    name: str
    description: str = ""
    role: ChannelRole = ChannelRole()
    technology: Technology | None = None
    tag: str = ""
