"""What a device with outputs can be made to do."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.drivers.daq.settings import DaqChannel, DaqSettings
from gateway.model.actions import ActionArgument, ActionSpec
from gateway.model.points import ValueKind

PLAY, WRITE_WAVEFORM, WRITE_VALUE, STOP = "Play", "WriteWaveform", "WriteValue", "Stop"

SINGLE_VALUES_ONLY = ("uldaq", "dtollib")
"""Back ends whose outputs play no waveforms."""


def action_name(verb: str, name: str) -> str:
    """`Play` and `ramp` make `PlayRamp`: each signal and each output has actions of its own, opened one by one."""
    return f"{verb}{name[:1].upper()}{name[1:]}"


def actions(settings: DaqSettings) -> Sequence[ActionSpec]:
    """Every action, in the order in which clients see them."""
    outputs = settings.outputs
    if not outputs:
        return ()
    values = [_write_value(name, one) for name, one in outputs.items()]
    if settings.device.backend in SINGLE_VALUES_ONLY:
        return values
    plays = [
        ActionSpec(action_name(PLAY, name), f"Play the signal {name} on {', '.join(outputs)}")
        for name in settings.signals
    ]
    waveforms = [_write_waveform(name, one, settings.longest_waveform) for name, one in outputs.items()]
    stop = ActionSpec(STOP, "Break off what is played; the outputs go to their safe values at once")
    return (*plays, *waveforms, *values, stop)


def _write_waveform(name: str, channel: DaqChannel, length: int) -> ActionSpec:
    low, high = channel.range or (0.0, 0.0)
    text = "Samples, played once at the sample rate; then the output goes to its safe value"
    argument = ActionArgument("Waveform", text, low, high, ValueKind.FLOAT, length, channel.unit)
    return ActionSpec(action_name(WRITE_WAVEFORM, name), f"Play samples on {name}", (argument,))


def _write_value(name: str, channel: DaqChannel) -> ActionSpec:
    low, high = channel.range or (0.0, 0.0)
    argument = ActionArgument("Value", "Value to hold", low, high, ValueKind.FLOAT, None, channel.unit)
    return ActionSpec(action_name(WRITE_VALUE, name), f"Put out one value on {name} and hold it", (argument,))
