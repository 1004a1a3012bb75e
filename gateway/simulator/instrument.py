"""One simulated Servomex 4100: what it measures, what is wrong with it and how far its calibrations are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from gateway.errors import SettingsError
from gateway.model.readings import AnalyserStatus, CalibrationGroup, ChannelStatus
from gateway.model.stamp import Clock
from gateway.simulator.autocalibration import GROUPS, Autocalibration, CoilBank
from gateway.simulator.faults import ALARMS, Fault, FaultBoard, FaultKind, fault_problem
from gateway.simulator.settings import ChannelSettings, InstrumentSettings
from gateway.simulator.slots import SLOTS, parent_of


@dataclass(frozen=True, slots=True)
class ChannelState:
    """One channel at one instant.

    Attributes:
        slot: `I1` to `E2`.
        settings: Name, unit, decimals.
        value: In the channel's unit; None when the instrument has no number to show.
        status: Status flags as the instrument shows them.
    """

    slot: str
    settings: ChannelSettings
    value: float | None
    status: ChannelStatus


@dataclass(frozen=True, slots=True)
class InstrumentState:
    """Everything an instrument can tell at one instant; `channels` in slot order, empty slots left out."""

    channels: tuple[ChannelState, ...]
    analyser: AnalyserStatus


class Instrument:
    """State of one instrument; tests switch its faults while lines serve it.

    Args:
        settings: Channels, signals, initial faults.
        clock: Source of elapsed time and of the analyser's own clock.
    """

    def __init__(self, settings: InstrumentSettings, clock: Clock) -> None:
        self.settings = settings
        self.autocalibration = Autocalibration(settings.calibration_phases)
        self.coils = CoilBank(self.autocalibration)
        self._clock = clock
        self._switched_on_ns = clock.monotonic_ns()
        self._board = FaultBoard(settings.faults)
        self._channels = settings.populated

    @property
    def address(self) -> int:
        """Modbus slave address."""
        return self.settings.address

    @property
    def populated(self) -> frozenset[str]:
        """Slots that hold a channel."""
        return frozenset(self._channels)

    def elapsed_s(self) -> float:
        """Seconds since the instrument was switched on."""
        return (self._clock.monotonic_ns() - self._switched_on_ns) / 1e9

    def switch_on(self, kind: FaultKind, channel: str | None = None) -> None:
        """Let a fault appear now and stay.

        Raises:
            SettingsError: The instrument has no such channel, or such a channel cannot show this fault.
        """
        if problem := fault_problem(kind, channel, self._channels):
            raise SettingsError([problem])
        self._board.add(Fault(kind, channel))

    def switch_off(self, kind: FaultKind, channel: str | None = None) -> None:
        """Let a fault disappear for good, whether it was switched on or came from the settings."""
        self._board.remove(kind, channel)

    def clear_faults(self) -> None:
        """Let every fault disappear for good."""
        self._board.clear()

    def shows(self, kind: FaultKind) -> bool:
        """Whether a fault of the whole instrument is active now."""
        return kind in self._board.active(None, self.elapsed_s())

    def state(self) -> InstrumentState:
        """Everything the instrument shows at this instant."""
        now_s = self.elapsed_s()
        analyser = self._board.active(None, now_s)
        return InstrumentState(
            channels=tuple(self._channel_state(slot, now_s) for slot in SLOTS if slot in self._channels),
            analyser=AnalyserStatus(
                fault=FaultKind.ANALYSER_FAULT in analyser,
                maintenance=FaultKind.ANALYSER_MAINTENANCE in analyser,
                groups=tuple(self._group_state(group, now_s) for group in range(1, GROUPS + 1)),
                clock=None
                if self.settings.clock_offset_s is None
                else self._clock.stamp().utc.replace(tzinfo=None) + timedelta(seconds=self.settings.clock_offset_s),
            ),
        )

    def _group_state(self, group: int, now_s: float) -> CalibrationGroup:
        phase = self.autocalibration.phase(group, now_s)
        return CalibrationGroup() if phase is None or phase.gas is None else CalibrationGroup(True, phase.gas)

    def _channel_state(self, slot: str, now_s: float) -> ChannelState:
        own = self._board.active(slot, now_s)
        parent = self._board.active(parent_of(slot), now_s)
        settings = self._channels[slot]
        status = ChannelStatus(
            fault=FaultKind.FAULT in parent,
            maintenance=FaultKind.MAINTENANCE in parent,
            calibrating=FaultKind.CALIBRATING in parent or self._in_calibration(parent_of(slot), now_s),
            warming_up=FaultKind.WARMING_UP in parent,
            invalid=FaultKind.INVALID in own,
            alarms=(ALARMS[0] in own, ALARMS[1] in own, ALARMS[2] in own, ALARMS[3] in own),
        )
        value = None if FaultKind.NO_VALUE in own else settings.signal.at(now_s)
        return ChannelState(slot, settings, value, status)

    def _in_calibration(self, transducer: str, now_s: float) -> bool:
        group = self.settings.calibration_groups.get(transducer)
        return group is not None and self.autocalibration.phase(group, now_s) is not None
