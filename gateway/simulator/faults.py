"""What can be wrong with a simulated instrument, and when."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from enum import StrEnum

from gateway.model.readings import ChannelKind
from gateway.simulator.slots import kind_of


class FaultKind(StrEnum):
    """Faults that can be switched on and off while the simulator runs."""

    ANALYSER_FAULT = "analyser-fault"
    ANALYSER_MAINTENANCE = "analyser-maintenance"
    SILENT = "silent"
    SLOW = "slow"
    DAMAGED = "damaged"
    NARROW_READS = "narrow-reads"

    FAULT = "fault"
    MAINTENANCE = "maintenance"
    CALIBRATING = "calibrating"
    WARMING_UP = "warming-up"
    INVALID = "invalid"
    ALARM_1 = "alarm-1"
    ALARM_2 = "alarm-2"
    ALARM_3 = "alarm-3"
    ALARM_4 = "alarm-4"
    NO_VALUE = "no-value"


ALARMS = (FaultKind.ALARM_1, FaultKind.ALARM_2, FaultKind.ALARM_3, FaultKind.ALARM_4)

ANALYSER_KINDS = frozenset(
    {
        FaultKind.ANALYSER_FAULT,
        FaultKind.ANALYSER_MAINTENANCE,
        FaultKind.SILENT,  # no answer and no frame
        FaultKind.SLOW,  # answers come `InstrumentSettings.slow_s` later; frames do not
        FaultKind.DAMAGED,  # one bit of every answer and frame is flipped
        FaultKind.NARROW_READS,  # reads that touch an empty slot are refused with exception 02
    }
)

_OF_ANY_CHANNEL = frozenset({*ALARMS, FaultKind.NO_VALUE})
CHANNEL_KINDS = {
    ChannelKind.MEASURED: _OF_ANY_CHANNEL
    | {FaultKind.FAULT, FaultKind.MAINTENANCE, FaultKind.CALIBRATING, FaultKind.WARMING_UP},
    ChannelKind.DERIVED: _OF_ANY_CHANNEL,
    ChannelKind.EXTERNAL: _OF_ANY_CHANNEL | {FaultKind.INVALID},
}
"""What each kind of channel can show. A derived channel copies the rest from its transducer."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault and its schedule, in seconds since the instrument was switched on.

    Attributes:
        kind: What is wrong.
        channel: The slot, None when the whole instrument is meant.
        start_s: First appearance.
        duration_s: How long it stays; None for ever.
        period_s: Seconds from one appearance to the next; None when it comes only once.
    """

    kind: FaultKind
    channel: str | None = None
    start_s: float = 0.0
    duration_s: float | None = None
    period_s: float | None = None

    def active(self, elapsed_s: float) -> bool:
        """Whether the fault is there at this time."""
        since = elapsed_s - self.start_s
        if since < 0 or self.duration_s is None:
            return since >= 0
        return (since if self.period_s is None else since % self.period_s) < self.duration_s


def fault_problem(kind: FaultKind, channel: str | None, channels: Container[str]) -> str | None:
    """Why the fault makes no sense on an instrument with these channels, or None."""
    if kind in ANALYSER_KINDS:
        return None if channel is None else f"{kind} concerns the whole analyser; leave the channel out"
    if channel is None:
        return f"{kind} concerns one channel; name it"
    if channel not in channels:
        return f"{kind} on {channel}: this instrument has no such channel"
    allowed = CHANNEL_KINDS[kind_of(channel)]
    return None if kind in allowed else f"{kind} cannot be set on {channel}; use one of {', '.join(sorted(allowed))}"


class FaultBoard:
    """The faults of one instrument."""

    def __init__(self, faults: tuple[Fault, ...] = ()) -> None:
        self._faults = list(faults)

    def add(self, fault: Fault) -> None:
        """Put a fault on the board; a second, equal one changes nothing."""
        if fault not in self._faults:
            self._faults.append(fault)

    def remove(self, kind: FaultKind, channel: str | None) -> None:
        """Take every fault of this kind off the board, scheduled ones too."""
        self._faults = [fault for fault in self._faults if (fault.kind, fault.channel) != (kind, channel)]

    def clear(self) -> None:
        """Take everything off."""
        self._faults.clear()

    def active(self, channel: str | None, elapsed_s: float) -> frozenset[FaultKind]:
        """What is wrong with a channel, or with the whole instrument, at this time."""
        return frozenset(fault.kind for fault in self._faults if fault.channel == channel and fault.active(elapsed_s))
