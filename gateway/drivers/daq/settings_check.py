"""What types alone do not show about the settings of a data acquisition device."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gateway.drivers.daq.actions import SINGLE_VALUES_ONLY
from gateway.drivers.daq.settings import DaqChannel, DaqSettings, SignalSpec, device_range

Problem = tuple[tuple[str, ...], str]

FASTEST_HZ = 10_000_000.0
LONGEST_BLOCK = 1_000_000
LONGEST_BLOCK_S = 60.0
SHORTEST_BLOCK_S = 0.002
"""Five hundred blocks a second, each with points of its own, are as many as one event loop should be asked for."""
MOST_VALUES = 16_777_216
"""Values in the buffers of one device, 128 MiB."""
LONGEST_TREND = 100_000
FEWEST_BUFFERS, MOST_BUFFERS = 3, 1024
_OWN_KEYS = {
    "host_api": ("sounddevice",),
    "terminal": ("nidaqmx", "uldaq"),
    "path": ("file",),
    "signal": ("simulated",),
    "signal_hz": ("simulated",),
}
_INPUTS_ONLY = ("file",)
_NEVER_POLLED = ("file", "sounddevice")
_NAMED = ("nidaqmx", "dtollib")


def problems(settings: DaqSettings) -> Iterator[Problem]:
    """Everything that is wrong: key path inside the entry, and what it is with its remedy behind a semicolon."""
    yield from _device(settings)
    yield from _pace(settings)
    yield from _channels(settings)
    yield from _signals(settings)


def _device(settings: DaqSettings) -> Iterator[Problem]:
    device = settings.device
    defaults = type(device)(device.backend)
    for key, back_ends in _OWN_KEYS.items():
        if getattr(device, key) != getattr(defaults, key) and device.backend not in back_ends:
            yield (
                ("device", key),
                f"means nothing to {device.backend}; it is for {' and '.join(back_ends)}, leave it out",
            )
    if device.backend == "file":
        if device.path is None:
            yield ("device",), "the back end file has nothing to play back; add 'path: recording.npz'"
        elif not device.path.is_file():
            yield ("device", "path"), f"there is no file '{device.path}'; correct the path"
    if device.backend in _NAMED and not device.name:
        yield (
            ("device",),
            f"{device.backend} must be told which device it is; add 'name: Dev1', as the vendor's tool calls it",
        )
    if settings.mode == "polled" and device.backend in _NEVER_POLLED:
        yield ("mode",), f"{device.backend} gives blocks, never single values; write 'mode: blocks'"


def _pace(settings: DaqSettings) -> Iterator[Problem]:
    rate, size = settings.sample_rate_hz, settings.block_size
    if not 0 < rate <= FASTEST_HZ:
        yield (
            ("sample_rate_hz",),
            f"must be more than 0 and at most {FASTEST_HZ:g}, got {rate:g}; write samples per second",
        )
        return
    if not 1 <= size <= LONGEST_BLOCK:
        yield ("block_size",), f"must be 1 to {LONGEST_BLOCK}, got {size}; write samples of one channel"
    elif settings.mode == "blocks" and not SHORTEST_BLOCK_S <= settings.block_s <= LONGEST_BLOCK_S:
        wanted = f"{SHORTEST_BLOCK_S:g} to {LONGEST_BLOCK_S:g} s"
        best = min(LONGEST_BLOCK, max(1, round(rate / 10)))
        yield (
            ("block_size",),
            f"{size} samples at {rate:g} Hz take {settings.block_s:g} s, but must take {wanted}; write {best}, say",
        )
    if not FEWEST_BUFFERS <= settings.buffers <= MOST_BUFFERS:
        yield (
            ("buffers",),
            f"must be {FEWEST_BUFFERS} to {MOST_BUFFERS}, got {settings.buffers}; write a number of blocks",
        )
    elif settings.buffers * size * max(1, len(settings.channels)) > MOST_VALUES:
        held = f"{settings.buffers} blocks of {len(settings.channels)} x {size} samples"
        yield ("buffers",), f"{held} are more than {MOST_VALUES} values; write fewer, or a smaller block_size"
    if not 0 < settings.trend_interval_s <= 86400:
        yield (
            ("trend_interval_s",),
            f"must be more than 0 and at most 86400, got {settings.trend_interval_s:g}; write seconds",
        )
    if not 1 <= settings.trend_length <= LONGEST_TREND:
        yield (
            ("trend_length",),
            f"must be 1 to {LONGEST_TREND}, got {settings.trend_length}; write a number of elements",
        )
    if not 1 <= settings.longest_waveform <= LONGEST_BLOCK:
        yield ("longest_waveform",), f"must be 1 to {LONGEST_BLOCK}, got {settings.longest_waveform}; write samples"


def _channels(settings: DaqSettings) -> Iterator[Problem]:
    if not settings.channels:
        yield ("channels",), "no channels; name at least one input or output, such as Ch1: {unit: V}"
    for members in (settings.inputs, settings.outputs):
        taken: dict[int | None, str] = {}
        for name, channel in members.items():
            other = taken.setdefault(channel.number, name)
            if other != name:
                yield (
                    ("channels", name),
                    f"is {channel.direction} {channel.number} like {other}; give one another number",
                )
            yield from _channel(name, channel, settings.device.backend)
    if settings.outputs and settings.device.backend in _INPUTS_ONLY:
        yield ("channels", next(iter(settings.outputs))), f"{settings.device.backend} has no outputs; remove it"
    if settings.outputs and settings.mode == "polled":
        yield ("mode",), "outputs are played in blocks; write 'mode: blocks', or remove the outputs"


def _channel(name: str, channel: DaqChannel, backend: str) -> Iterator[Problem]:
    path = ("channels", name)
    if channel.number is not None and channel.number < 0:
        yield (*path, "number"), f"must not be less than 0, got {channel.number}; inputs and outputs count from 0"
    if backend == "file" and (channel.scale, channel.offset) != (1.0, 0.0):
        yield path, "has a scale or an offset, but the values of a file are final; remove them"
    if channel.scale == 0:
        yield (*path, "scale"), "must not be 0; write what one unit of the device is worth"
    if channel.device_range is not None and not channel.device_range[0] < channel.device_range[1]:
        yield (*path, "device_range"), "must go up; write [lowest, highest]"
    if channel.direction == "input":
        for key in ("safe_range", "safe_value"):
            if getattr(channel, key):
                yield (*path, key), "an input is not played to; remove it, or write 'direction: output'"
        return
    if channel.range is None:
        yield path, "an output needs a range, beyond which nothing is ever let through; add 'range: [-5, 5]'"
        return
    if channel.offset:
        yield (*path, "offset"), "an output has no offset; remove it"
    low, high = channel.range
    bottom, top = sorted((low / (channel.scale or 1), high / (channel.scale or 1)))
    full_scale = device_range(channel, backend)
    if not full_scale[0] <= bottom <= top <= full_scale[1]:
        what = f"{bottom:g} to {top:g} at the terminals, but the device gives {full_scale[0]:g} to {full_scale[1]:g}"
        yield (*path, "range"), f"asks for {what}; write a narrower one, or the device_range that it has"
    if not low <= channel.safe_value <= high:
        yield (
            (*path, "safe_value"),
            f"{channel.safe_value:g} is outside the range {low:g} to {high:g}; correct one of them",
        )
    if channel.safe_range is not None:
        floor, ceiling = channel.safe_range
        if not low <= floor <= channel.safe_value <= ceiling <= high:
            yield (
                (*path, "safe_range"),
                "must lie within the range, and the safe_value within it; write [lowest, highest] of what is harmless",
            )


def _signals(settings: DaqSettings) -> Iterator[Problem]:
    outputs = settings.outputs
    if settings.signals and settings.device.backend in SINGLE_VALUES_ONLY:
        yield ("signals",), f"{settings.device.backend} puts out single values only; remove them"
    if settings.signals and not outputs:
        yield ("signals",), "no output could play them; add a channel with 'direction: output', or remove them"
    taken: dict[str, str] = {}
    for name, signal in settings.signals.items():
        path = ("signals", name)
        if not name.isidentifier() or not name.isascii():
            yield path, f"'{name}' is no name for a signal; use letters, digits and '_', beginning with a letter"
            continue
        other = taken.setdefault(name.lower(), name)
        if other != name:
            yield path, f"'{name}' is too like '{other}'; call one of them something else"
        if (signal.shape is None) == (signal.file is None):
            yield path, "needs either a shape or a file; write 'shape: sine', say"
        elif signal.file is not None:
            yield from _file_signal(path, signal.file, settings)
        else:
            yield from _shape_signal(path, signal, settings)
        if signal.duration_s is not None and not 0 < signal.duration_s <= 86400:
            yield (*path, "duration_s"), "must be more than 0 and at most 86400; write seconds, or leave it out"


def _shape_signal(path: tuple[str, ...], signal: SignalSpec, settings: DaqSettings) -> Iterator[Problem]:
    if not 0 <= signal.frequency_hz <= settings.sample_rate_hz / 2:
        half = settings.sample_rate_hz / 2
        yield (*path, "frequency_hz"), f"must be 0 to half the sample rate, {half:g}; write periods per second"
    reach = 0.0 if signal.shape == "constant" else abs(signal.amplitude)
    for name, output in settings.outputs.items():
        low, high = output.range or (float("-inf"), float("inf"))
        if not low <= signal.offset - reach <= signal.offset + reach <= high:
            ends = f"{signal.offset - reach:g} to {signal.offset + reach:g}"
            yield (
                path,
                f"goes from {ends}, but {name} takes {low:g} to {high:g}; write a smaller amplitude or another offset",
            )


def _file_signal(path: tuple[str, ...], file: Path, settings: DaqSettings) -> Iterator[Problem]:
    from gateway.drivers.daq.signals import SignalFileError, samples_from_file  # numpy, only where a file asks for it

    try:
        samples = samples_from_file(file, len(settings.outputs))
    except SignalFileError as error:
        yield (*path, "file"), str(error)
        return
    for row, (name, output) in zip(samples, settings.outputs.items(), strict=True):
        low, high = output.range or (float("-inf"), float("inf"))
        if not low <= row.min() <= row.max() <= high:
            ends = f"{row.min():g} to {row.max():g}"
            yield (*path, "file"), f"goes from {ends}, but {name} takes {low:g} to {high:g}; give another file"
