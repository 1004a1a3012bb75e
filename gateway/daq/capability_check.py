"""Whether a device can do what a task asks for, before anything is asked of it."""

from __future__ import annotations

from gateway.daq.back_end import Capabilities
from gateway.daq.errors import DaqCapabilityError
from gateway.daq.task import DataFlow, TaskSpec
from gateway.daq.timing import ClockSource, SoftwareStart


def check_capabilities(task: TaskSpec, device: Capabilities) -> None:
    """Compare a task with a device.

    Raises:
        DaqCapabilityError: The device cannot do it; the message says what.
    """
    direction = "output" if task.is_output else "input"
    if task.data_flow is DataFlow.SINGLE_VALUE:
        able = device.single_value_output if task.is_output else device.single_value_input
        if not able:
            raise _unable(task, f"has no single-value {direction}")
        return
    if task.data_flow not in (DataFlow.CONTINUOUS, DataFlow.FINITE):
        raise _unable(task, f"is not served with {task.data_flow}", "use CONTINUOUS or FINITE")
    if not (device.continuous_output if task.is_output else device.continuous_input):
        raise _unable(task, f"has no hardware-clocked {direction}", "use single values at a software rate")
    if not isinstance(task.trigger, SoftwareStart) and type(task.trigger) not in device.triggers:
        raise _unable(task, f"has no trigger of the kind {type(task.trigger).__name__}")
    if task.timing is not None and task.timing.clock_source is ClockSource.EXTERNAL and not device.external_clock:
        raise _unable(task, "takes no external clock", "use ClockSource.INTERNAL")
    fastest, asked = device.max_aggregate_rate_hz, task.aggregate_rate_hz
    if fastest is not None and asked is not None and asked > fastest:
        each = fastest / len(task.channels)
        raise _unable(
            task,
            f"converts {fastest:g} samples per second, not {asked:g}",
            f"{len(task.channels)} channels can have at most {each:g} Hz each",
        )


def _unable(task: TaskSpec, what: str, hint: str = "") -> DaqCapabilityError:
    return DaqCapabilityError(f"the device {what}", where=f"task {task.name}", hint=hint)
