"""Changes that no condition stands behind: calibrations that begin and end, an analyser's health. Plain Python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.adapters.opcua.conditions.alarm_kinds import CALIBRATION_SEVERITY, HEALTH_CHANGE_SEVERITY
from gateway.adapters.opcua.conditions.watches import OUT_OF_TOUCH
from gateway.model.device_health import DeviceHealth
from gateway.model.quality import State
from gateway.model.value import Value

SAMPLE_GAS = "Sample gas"


@dataclass(frozen=True, slots=True)
class Transition:
    """From one state to another.

    Attributes:
        source: String part of the SourceNode, and the SourceName.
        name: Of the transition.
        before: State that has been left.
        after: State that has been reached.
        severity: 1 to 1000.
        message: For people.
    """

    source: str
    name: str
    before: str
    after: str
    severity: int
    message: str


class CalibrationWatch:
    """The gas on which a calibration group is.

    Args:
        device: Name of the analyser.
        owner: Name of the calibration group.
        calibrating: Place of the flag in the group of points.
        gas: Place of the number of the gas.
    """

    def __init__(self, device: str, owner: str, calibrating: int, gas: int) -> None:
        self._device = device
        self._owner = owner
        self._calibrating = calibrating
        self._gas = gas
        self._on: str | None = None

    @property
    def source(self) -> str:
        """String part of the SourceNode."""
        return f"{self._device}/{self._owner}"

    def look(self, values: Sequence[Value], states: Sequence[State]) -> Transition | None:
        """The transition since the last look; None for none, and for the first look."""
        if states[self._calibrating] in OUT_OF_TOUCH or values[self._calibrating] is None:
            return None
        on = f"Calibration gas {values[self._gas]}" if values[self._calibrating] else SAMPLE_GAS
        before, self._on = self._on, on
        if before is None or before == on:
            return None
        if on == SAMPLE_GAS:
            name, words = "CalibrationEnded", "calibration has ended"
        elif before == SAMPLE_GAS:
            name, words = "CalibrationStarted", f"calibration has begun, on {on.lower()}"
        else:
            name, words = "CalibrationGasChanged", f"calibration goes on, on {on.lower()}"
        message = f"{self._device} {self._owner}: {words}"
        return Transition(self.source, name, before, on, CALIBRATION_SEVERITY, message)


_HEALTH_WORDS = {
    DeviceHealth.NORMAL: "Normal",
    DeviceHealth.FAILURE: "Failure",
    DeviceHealth.CHECK_FUNCTION: "Check function",
    DeviceHealth.OFF_SPEC: "Off spec",
    DeviceHealth.MAINTENANCE_REQUIRED: "Maintenance required",
}


class HealthWatch:
    """The health of one analyser by NE 107.

    Args:
        device: Name of the analyser.
    """

    def __init__(self, device: str) -> None:
        self._device = device
        self._health: DeviceHealth | None = None

    def look(self, health: DeviceHealth) -> Transition | None:
        """The transition since the last look; None for none, and for the first look."""
        before, self._health = self._health, health
        if before is None or before is health:
            return None
        was, now = _HEALTH_WORDS[before], _HEALTH_WORDS[health]
        message = f"{self._device}: {now.lower()}, was {was.lower()} (NE 107)"
        return Transition(self._device, "HealthChanged", was, now, HEALTH_CHANGE_SEVERITY, message)
