"""Where each point of a data acquisition device comes from, in words."""

from __future__ import annotations

from gateway.drivers.daq.points import STATISTICS
from gateway.drivers.daq.settings import DaqChannel, DaqSettings


def origin(settings: DaqSettings, path: tuple[str, ...]) -> str:
    """One or two sentences; empty for a point that is not of the device."""
    owner, _, what = "/".join(path).partition("/")
    if owner in settings.inputs:
        return _of_input(settings, settings.inputs[owner], what)
    if owner in settings.outputs:
        return f"{_terminal(settings, settings.outputs[owner])}: what was last put out, as far as the gateway did it."
    if owner == "Playback":
        return "The player of this analyser; it speaks of the last playback."
    if owner in ("Block", "SampleRate"):
        how = "by the clock of the device, timed by that of this host"
        return f"Blocks of {settings.block_size} samples at {settings.sample_rate_hz:g} Hz, {how}."
    return ""


def _of_input(settings: DaqSettings, channel: DaqChannel, what: str) -> str:
    scaled = "" if (channel.scale, channel.offset) == (1.0, 0.0) else f" x {channel.scale:g} + {channel.offset:g}"
    place = f"{_terminal(settings, channel)}{scaled}"
    if settings.mode == "polled":
        return f"{place}, one value per poll."
    block = f"each block of {settings.block_size} samples at {settings.sample_rate_hz:g} Hz"
    if what == "Waveform":
        return f"{place}: {block}."
    if what == "Trend":
        return f"{place}: means over {settings.trend_interval_s:g} s."
    words = dict(STATISTICS).get(what)
    return f"{place}, what the device says of the sensor." if words is None else f"{place}: {words.lower()}, {block}."


def _terminal(settings: DaqSettings, channel: DaqChannel) -> str:
    device = settings.device
    name = f" of {device.name}" if device.name else ""
    return f"{channel.direction.capitalize()} {channel.number}{name} by {device.backend}"
