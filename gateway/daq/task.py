"""What a device is asked to do: one task of one subsystem, checked as a whole before any device is touched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from gateway.daq.channels import Channel, InputChannel, OutputChannel
from gateway.daq.errors import DaqValidationError
from gateway.daq.timing import AnalogThresholdStart, BufferPlan, SoftwareStart, Timing, Trigger, WrapMode


class DataFlow(StrEnum):
    """How samples flow."""

    SINGLE_VALUE = "single_value"
    CONTINUOUS = "continuous"
    FINITE = "finite"
    CONTINUOUS_PRETRIGGER = "continuous_pretrigger"
    CONTINUOUS_ABOUT_TRIGGER = "continuous_about_trigger"


class SubsystemType(StrEnum):
    """Part of a device that a task occupies."""

    ANALOG_INPUT = "analog_input"
    ANALOG_OUTPUT = "analog_output"


@dataclass(frozen=True, slots=True)
class RawLogging:
    """Every block goes to a file, too; `record` writes it. The file can be replayed by the back end `file`.

    Attributes:
        path: File to write; its suffix, `.npz` or `.csv`, says how.
    """

    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSpec:
    """One task.

    Attributes:
        name: Shown in payloads and errors.
        channels: All inputs or all outputs, in the order of the rows of the data.
        board: How the driver calls the device; None for its first one.
        subsystem_type: Part of the device; None for what the channels are.
        element: Number of the part, where a device has several of that type.
        data_flow: How samples flow.
        timing: The scan clock; None if and only if the data flow is SINGLE_VALUE.
        trigger: What starts it.
        buffers: The buffers; None if and only if the data flow is SINGLE_VALUE.
        logging: Write what is recorded to a file.
        stop_on_error: Ask the device itself to stop on an overrun or underrun, where it can be asked.
        keep_raw_codes: Keep the converter's codes in `DaqBlock.raw_codes`.
        metadata: Read-only, handed through.

    Raises:
        DaqValidationError: The parts do not go together; the message names them.
    """

    name: str
    channels: tuple[Channel, ...]
    board: str | None = None
    subsystem_type: SubsystemType | None = None
    element: int = 0
    data_flow: DataFlow = DataFlow.SINGLE_VALUE
    timing: Timing | None = None
    trigger: Trigger = SoftwareStart()  # noqa: RUF009 - frozen and without fields
    buffers: BufferPlan | None = None
    logging: RawLogging | None = None
    stop_on_error: bool = True
    keep_raw_codes: bool = False
    metadata: Mapping[str, object] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "channels", tuple(self.channels))
        object.__setattr__(self, "metadata", MappingProxyType(dict(self.metadata)))
        for problem in self._problems():
            raise DaqValidationError(problem, where=f"task {self.name}")

    def _problems(self) -> list[str]:
        problems: list[str] = []
        names = [channel.name for channel in self.channels]
        if not names:
            problems.append("no channels; give at least one")
        if len(set(names)) < len(names):
            problems.append("two channels have the same name")
        if len({type(channel) for channel in self.channels}) > 1:
            problems.append("inputs and outputs are mixed; make two tasks")
        elif names and self.subsystem_type not in (None, self.subsystem):
            problems.append(f"the channels are of the type {self.subsystem}, not {self.subsystem_type}")
        if sum(isinstance(channel, InputChannel) and channel.cold_junction for channel in self.channels) > 1:
            problems.append("two cold junctions; one serves all channels")
        timing, buffers = self.timing, self.buffers
        if self.data_flow is DataFlow.SINGLE_VALUE:
            if timing is not None or buffers is not None:
                problems.append("single values have no timing and no buffers")
            return problems
        if timing is None or buffers is None:
            problems.append(f"{self.data_flow} needs timing and buffers")
            return problems
        finite = self.data_flow is DataFlow.FINITE
        if finite != (timing.samples_per_channel is not None):
            problems.append("timing.samples_per_channel belongs to FINITE, and FINITE needs it")
        if finite and buffers.wrap_mode is not WrapMode.NONE:
            problems.append("FINITE needs WrapMode.NONE")
        if isinstance(self.trigger, AnalogThresholdStart) and self.trigger.channel not in names:
            problems.append(f"the trigger's channel {self.trigger.channel!r} is not among the channels")
        return problems

    @property
    def is_output(self) -> bool:
        """Whether the task puts out values."""
        return isinstance(self.channels[0], OutputChannel)

    @property
    def subsystem(self) -> SubsystemType:
        """Part of the device that the channels belong to."""
        return SubsystemType.ANALOG_OUTPUT if self.is_output else SubsystemType.ANALOG_INPUT

    @property
    def inputs(self) -> tuple[InputChannel, ...]:
        """The channels, of an input task."""
        return tuple(channel for channel in self.channels if isinstance(channel, InputChannel))

    @property
    def outputs(self) -> tuple[OutputChannel, ...]:
        """The channels, of an output task."""
        return tuple(channel for channel in self.channels if isinstance(channel, OutputChannel))

    @property
    def aggregate_rate_hz(self) -> float | None:
        """Samples per second of all channels together: what a multiplexed converter has to manage."""
        return None if self.timing is None else self.timing.rate_hz * len(self.channels)
