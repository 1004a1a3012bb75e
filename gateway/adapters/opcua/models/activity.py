"""What a channel is doing, and what the state machines of ADI say then.

An analyser tells less than the state machines can show: what it does not tell is not invented. `Local`, `Maintenance`
and `Shutdown` never occur, and of an execution only the analysis is seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from asyncua import ua

from gateway.adapters.opcua.models.derived_values import States, Values
from gateway.model.quality import State

IDLE_CYCLE, CALIBRATION_CYCLE, SAMPLING_CYCLE = 0, 4, 16
"""Of `ExecutionCycleEnumeration`."""


class Activity(StrEnum):
    """What a channel is doing."""

    SAMPLING = "measures"
    CALIBRATING = "is being calibrated"
    WARMING_UP = "warms up while others measure"
    POWERING_UP = "warms up, as all the others do"
    FAILED = "has failed"
    OUT_OF_SERVICE = "is out of service"


@dataclass(frozen=True, slots=True)
class MachineStates:
    """What the state machines of a channel and of its device say; None where a machine is not active.

    Attributes:
        device: `AnalyserStateMachine`.
        channel: `ChannelStateMachine`.
        operating: `OperatingSubStateMachine`.
        execute: `OperatingExecuteSubStateMachine`.
        cycle: `ExecutionCycle` of the stream.
    """

    device: str
    channel: str
    operating: str | None
    execute: str | None
    cycle: int


MACHINE_STATES: Mapping[Activity, MachineStates] = {
    Activity.SAMPLING: MachineStates("Operating", "Operating", "Execute", "AnalyseSample", SAMPLING_CYCLE),
    Activity.CALIBRATING: MachineStates(
        "Operating", "Operating", "Execute", "AnalyseCalibrationSample", CALIBRATION_CYCLE
    ),
    Activity.WARMING_UP: MachineStates("Operating", "Operating", "Starting", None, IDLE_CYCLE),
    Activity.POWERING_UP: MachineStates("Powerup", "SlaveMode", None, None, IDLE_CYCLE),
    Activity.FAILED: MachineStates("Operating", "Operating", "Aborted", None, IDLE_CYCLE),
    Activity.OUT_OF_SERVICE: MachineStates("Operating", "Operating", "Stopped", None, IDLE_CYCLE),
}
"""One row per activity; the guide of the models shows it."""


@dataclass(frozen=True, slots=True)
class ChannelFlags:
    """Points that tell what a channel is doing.

    Attributes:
        witness: Place of a flag that tells whether anything is known.
        value: Place of the measured value.
        faults: Places of flags any of which means that the channel has failed, those of its analyser included.
        calibrating: Place of the flag, None if there is none.
        warming_up: Place of the flag, None if there is none.
        all_warming_up: Places of the flags of all measured channels.
    """

    witness: int
    value: int
    faults: tuple[int, ...]
    calibrating: int | None
    warming_up: int | None
    all_warming_up: tuple[int, ...]

    def activity(self, values: Values, states: States) -> Activity:
        """What the channel is doing by its flags; a failure hides everything else."""
        if states[self.value] is State.OUT_OF_SERVICE:
            return Activity.OUT_OF_SERVICE
        if any(values[place] for place in self.faults):
            return Activity.FAILED
        if self.warming_up is not None and values[self.warming_up]:
            together = all(values[place] for place in self.all_warming_up)
            return Activity.POWERING_UP if together else Activity.WARMING_UP
        if self.calibrating is not None and values[self.calibrating]:
            return Activity.CALIBRATING
        return Activity.SAMPLING


@dataclass(frozen=True, slots=True)
class CurrentState:
    """`CurrentState` of one of the machines of a channel.

    Attributes:
        flags: What the channel is doing.
        machine: Which of `MachineStates`.
    """

    flags: ChannelFlags
    machine: str

    def name(self, values: Values, states: States) -> tuple[str | None, State]:
        """The state; None and a bad one where the machine is not active."""
        name: str | None = getattr(MACHINE_STATES[self.flags.activity(values, states)], self.machine)
        trust = states[self.flags.witness]
        return name, State.NO_VALUE if name is None and trust is State.GOOD else trust

    def __call__(self, values: Values, states: States) -> tuple[ua.LocalizedText | None, State]:
        """The state as clients show it."""
        name, state = self.name(values, states)
        return None if name is None else ua.LocalizedText(name), state


@dataclass(frozen=True, slots=True)
class DeviceState:
    """`CurrentState` of the device: it powers up while all measured channels warm up.

    Attributes:
        witness: Place of a flag that tells whether anything is known.
        all_warming_up: Places of the flags of all measured channels.
    """

    witness: int
    all_warming_up: tuple[int, ...]

    def name(self, values: Values, states: States) -> tuple[str, State]:
        """The state."""
        powering_up = bool(self.all_warming_up) and all(values[place] for place in self.all_warming_up)
        activity = Activity.POWERING_UP if powering_up else Activity.SAMPLING
        return MACHINE_STATES[activity].device, states[self.witness]

    def __call__(self, values: Values, states: States) -> tuple[ua.LocalizedText, State]:
        """The state as clients show it."""
        name, state = self.name(values, states)
        return ua.LocalizedText(name), state


@dataclass(frozen=True, slots=True)
class CurrentStateId:
    """`CurrentState/Id` of one of the machines of a channel.

    Attributes:
        current: The `CurrentState` it belongs to.
        nodes: Names of states and their nodes in the type.
    """

    current: CurrentState | DeviceState
    nodes: tuple[tuple[str, ua.NodeId], ...]

    def __call__(self, values: Values, states: States) -> tuple[ua.NodeId | None, State]:
        """The node of the state."""
        name, state = self.current.name(values, states)
        return dict(self.nodes).get(name or ""), state


@dataclass(frozen=True, slots=True)
class ExecutionCycle:
    """`ExecutionCycle` of a stream."""

    flags: ChannelFlags

    def __call__(self, values: Values, states: States) -> tuple[int, State]:
        """A number of `ExecutionCycleEnumeration`."""
        return MACHINE_STATES[self.flags.activity(values, states)].cycle, states[self.flags.witness]


@dataclass(frozen=True, slots=True)
class IsActive:
    """`IsActive` of a stream: whether it acquires anything."""

    flags: ChannelFlags

    def __call__(self, values: Values, states: States) -> tuple[bool, State]:
        """False while the channel is idle."""
        cycle, state = ExecutionCycle(self.flags)(values, states)
        return cycle != IDLE_CYCLE, state


@dataclass(frozen=True, slots=True)
class ActiveStream:
    """`ActiveStream` of a channel: the name of its stream while it acquires, else empty."""

    flags: ChannelFlags
    stream: str

    def __call__(self, values: Values, states: States) -> tuple[str, State]:
        """The name of the stream."""
        active, state = IsActive(self.flags)(values, states)
        return self.stream if active else "", state
