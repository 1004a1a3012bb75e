"""Autocalibration of the four calibration groups, and the coils that start and stop it.

Coils (manual, Modbus chapter): 00001 to 00004 start groups 1 to 4, 00009 stops every autocalibration however it was
started. A coil acts on its change from 0 to 1 only, and the master has to write it back to 0: the instrument does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

GROUPS = 4
STOP_COIL = 8
COILS = STOP_COIL + 1


@dataclass(frozen=True, slots=True)
class CalibrationPhase:
    """One step of an autocalibration.

    Attributes:
        name: For people.
        gas: Calibration gas 1 or 2 that flows; None when sample flows again but has not yet reached the transducer.
        duration_s: Seconds.
    """

    name: str
    gas: int | None
    duration_s: float


PHASES = (
    CalibrationPhase("low gas", 1, 30.0),
    CalibrationPhase("high gas", 2, 30.0),
    CalibrationPhase("purge", None, 15.0),
)


class Autocalibration:
    """Progress of each group, computed from the time at which it was started."""

    def __init__(self, phases: Sequence[CalibrationPhase] = PHASES) -> None:
        self._phases = tuple(phases)
        self._started: dict[int, float] = {}

    def start(self, group: int, now_s: float) -> None:
        """Start group 1 to 4; a group that is still running goes on undisturbed."""
        if self.phase(group, now_s) is None:
            self._started[group] = now_s

    def stop_all(self) -> None:
        """Back to sample at once, every group."""
        self._started.clear()

    def phase(self, group: int, now_s: float) -> CalibrationPhase | None:
        """The phase a group is in, or None when it is not calibrating."""
        if group not in self._started:
            return None
        left = now_s - self._started[group]
        for phase in self._phases:
            if left < phase.duration_s:
                return phase
            left -= phase.duration_s
        return None


class CoilBank:
    """Coils 00001 to 00009. Coils 00005 to 00008 do nothing and always read 0."""

    def __init__(self, autocalibration: Autocalibration) -> None:
        self._autocalibration = autocalibration
        self._coils = [False] * COILS

    @property
    def values(self) -> tuple[bool, ...]:
        """State of the coils, first one first."""
        return tuple(self._coils)

    def write(self, address: int, *, on: bool, now_s: float) -> None:
        """Write one coil (protocol address 0 to 8) and do what its rising edge asks for."""
        if GROUPS <= address < STOP_COIL:
            return
        rising = on and not self._coils[address]
        self._coils[address] = on
        if not rising:
            return
        if address == STOP_COIL:
            self._autocalibration.stop_all()
        else:
            self._autocalibration.start(address + 1, now_s)
