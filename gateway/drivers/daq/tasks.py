"""From the settings to tasks of `gateway.daq`."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.daq import BufferPlan, DataFlow, InputChannel, OutputChannel, TaskSpec, Timing
from gateway.drivers.daq.settings import DaqChannel, DaqSettings, device_range


def input_task(device: str, settings: DaqSettings) -> TaskSpec:
    """The inputs: in blocks, or one value at a time."""
    channels = []
    for name, one in settings.inputs.items():
        low, high = device_range(one, settings.device.backend)
        channels.append(
            InputChannel(
                name=name,
                terminal=one.number or 0,
                unit=one.unit,
                min_val=low,
                max_val=high,
                scale=one.scale,
                offset=one.offset,
            )
        )
    board = settings.device.name or None
    if settings.mode == "polled":
        return TaskSpec(name=device, channels=tuple(channels), board=board)
    return TaskSpec(
        name=device,
        channels=tuple(channels),
        board=board,
        data_flow=DataFlow.CONTINUOUS,
        timing=Timing(rate_hz=settings.sample_rate_hz),
        buffers=BufferPlan(buffers=settings.buffers, samples_per_buffer=settings.block_size),
    )


def playback_task(device: str, names: Sequence[str], settings: DaqSettings) -> TaskSpec:
    """Some outputs, in blocks."""
    return TaskSpec(
        name=device,
        channels=tuple(_output(name, settings.outputs[name]) for name in names),
        board=settings.device.name or None,
        data_flow=DataFlow.CONTINUOUS,
        timing=Timing(rate_hz=settings.sample_rate_hz),
        buffers=BufferPlan(buffers=settings.buffers, samples_per_buffer=settings.block_size),
    )


def value_task(device: str, name: str, settings: DaqSettings) -> TaskSpec:
    """One output, one value at a time."""
    output = _output(name, settings.outputs[name])
    return TaskSpec(name=device, channels=(output,), board=settings.device.name or None)


def _output(name: str, channel: DaqChannel) -> OutputChannel:
    low, high = channel.range or (0.0, 0.0)  # an output without a range does not pass the check of the settings
    safe_low, safe_high = channel.safe_range or (None, None)
    return OutputChannel(
        name=name,
        terminal=channel.number or 0,
        unit=channel.unit,
        min_val=low,
        max_val=high,
        safe_min=safe_low,
        safe_max=safe_high,
        gain=channel.scale,
        safe_value=channel.safe_value,
    )
