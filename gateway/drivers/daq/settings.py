"""What an analyser entry with `driver: daq` may say beside the common keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from gateway.model.channel_spec import ChannelSpec

BackEndName = Literal["simulated", "sounddevice", "file", "nidaqmx", "uldaq", "dtollib"]
Terminal = Literal["default", "single_ended", "differential"]
Shape = Literal["constant", "sine", "triangle", "square", "ramp"]


@dataclass(frozen=True, slots=True)
class DaqDevice:
    """Which device it is, and how it is reached.

    Attributes:
        backend: Who talks to it: `simulated`, `sounddevice` (PortAudio), `file` (plays back a recording), `nidaqmx`,
            `uldaq` or `dtollib`.
        name: Name of the device as the back end knows it; left out, the only or the default one.
        host_api: With sounddevice, the sound system it belongs to, such as `ALSA` or `JACK Audio Connection Kit`.
        terminal: With nidaqmx and uldaq, how the inputs are wired.
        path: With file, the recording: a `.npz` or `.csv` file in the format of `gateway.daq`, which sets the rate.
        signal: With simulated, what the inputs see: `sine`, or `counter`, which shows each sample's number.
        signal_hz: With simulated, periods of the sine per second.
    """

    backend: BackEndName
    name: str = ""
    host_api: str = ""
    terminal: Terminal = "default"
    path: Path | None = None
    signal: Literal["sine", "counter"] = "sine"
    signal_hz: float = 1.0


@dataclass(frozen=True, slots=True)
class DaqChannel(ChannelSpec):
    """One input or output of a device.

    Attributes:
        unit: Engineering unit of its values.
        range: Lowest and highest value expected; of an output, the lowest and highest that is ever let through.
        instrument_range: Lowest and highest value that the device can show. A mean at one of its ends counts as
            clamped, except at an end that is 0.
        precision: Decimals worth showing.
        description: One line for people.
        limits: Alarm limits of the mean, in `unit`.
        technology: How the channel measures; left out, it is not known.
        out_of_service: True while the channel is not to be used.
        tag: Name of the signal in the plant.
        direction: `input` or `output`.
        number: Its number on the device, from 0; left out, its place among the inputs or among the outputs.
        scale: What one unit of the device (a volt, or full scale of a sound device) is worth in `unit`.
        offset: Value in `unit` at 0 of the device.
        device_range: Lowest and highest value in units of the device, from which a board chooses its gain.
        safe_range: Of an output, the values that need no second thought; outside of them a player must be confirmed.
        safe_value: Of an output, the value at which every playback ends.
    """

    direction: Literal["input", "output"] = "input"
    number: int | None = None
    scale: float = 1.0
    offset: float = 0.0
    device_range: tuple[float, float] | None = None
    safe_range: tuple[float, float] | None = None
    safe_value: float = 0.0


@dataclass(frozen=True, slots=True)
class SignalSpec:
    """One signal that outputs can play; every output plays the same.

    Attributes:
        shape: `constant`, `sine`, `triangle`, `square` or `ramp`; left out, the samples come from a file.
        file: A `.npy` array, or text with one sample per line; a column or row for each output, or one for all.
        amplitude: Half of the way from the lowest to the highest value.
        offset: Value in the middle.
        frequency_hz: Periods per second; a ramp rises once per period.
        duration_s: How long it is played; left out, a file is played once, and a shape until it is stopped.
    """

    shape: Shape | None = None
    file: Path | None = None
    amplitude: float = 1.0
    offset: float = 0.0
    frequency_hz: float = 1.0
    duration_s: float | None = None


@dataclass(frozen=True, slots=True)
class DaqSettings:
    """One data acquisition device.

    Attributes:
        device: Which device it is, and how it is reached.
        channels: Its inputs and outputs, by name.
        mode: `blocks` for waveforms by the clock of the device, `polled` for single values at `rate_hz`.
        sample_rate_hz: Samples per second of each channel, in blocks.
        block_size: Samples of each channel in one block, which is the length of the waveforms.
        buffers: Blocks that the device may be ahead of the gateway before samples are lost.
        trend_interval_s: Seconds of which one element of a trend is the mean.
        trend_length: Elements of a trend.
        signals: What can be played, by name.
        longest_waveform: Most samples that a client may write to be played.
    """

    device: DaqDevice
    channels: Mapping[str, DaqChannel] = field(default_factory=dict)
    mode: Literal["blocks", "polled"] = "blocks"
    sample_rate_hz: float = 1000.0
    block_size: int = 1000
    buffers: int = 8
    trend_interval_s: float = 1.0
    trend_length: int = 600
    signals: Mapping[str, SignalSpec] = field(default_factory=dict)
    longest_waveform: int = 16384

    @property
    def inputs(self) -> dict[str, DaqChannel]:
        """Inputs by name, in order, each with its number."""
        return _numbered({name: one for name, one in self.channels.items() if one.direction == "input"})

    @property
    def outputs(self) -> dict[str, DaqChannel]:
        """Outputs by name, in order, each with its number."""
        return _numbered({name: one for name, one in self.channels.items() if one.direction == "output"})

    @property
    def block_s(self) -> float:
        """Seconds from block to block."""
        return self.block_size / self.sample_rate_hz

    def beside(self, folder: Path) -> DaqSettings:
        """The same settings with every relative path in them taken from `folder`."""
        device, signals = self.device, self.signals
        return replace(
            self,
            device=device if device.path is None else replace(device, path=folder / device.path),
            signals={
                name: one if one.file is None else replace(one, file=folder / one.file) for name, one in signals.items()
            },
        )


def _numbered(channels: dict[str, DaqChannel]) -> dict[str, DaqChannel]:
    return {
        name: one if one.number is not None else replace(one, number=place)
        for place, (name, one) in enumerate(channels.items())
    }


def device_range(channel: DaqChannel, backend: str) -> tuple[float, float]:
    """Lowest and highest value at the terminals of a channel; of a sound device full scale, of others 10 V."""
    full_scale = 1.0 if backend == "sounddevice" else 10.0
    return channel.device_range or (-full_scale, full_scale)
