"""What shall be played: the samples, on which outputs, and how many they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gateway.drivers.daq.settings import DaqSettings
from gateway.drivers.daq.signals import Samples, Shape, samples_from_file

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class WantedPlayback:
    """One playback.

    Attributes:
        name: What it is called.
        outputs: On which outputs, in the order of the rows.
        source: All samples, shape (outputs, samples), or a function that gives one block after the other.
        total: Samples on each output; None for no end.
        text: In words, how long it is.
    """

    name: str
    outputs: tuple[str, ...]
    source: Array | Callable[[], Array | None]
    total: int | None
    text: str


def wanted_signal(name: str, settings: DaqSettings) -> WantedPlayback:
    """A signal of the settings; reads its file.

    Raises:
        SignalFileError: The file cannot be played.
    """
    spec, outputs, rate_hz = settings.signals[name], tuple(settings.outputs), settings.sample_rate_hz
    feed: Shape | Samples
    if spec.file is not None:
        samples = samples_from_file(spec.file, len(outputs))
        total = None if spec.duration_s is None else max(1, round(spec.duration_s * rate_hz))
        feed = Samples(samples, settings.block_size, total)
    else:
        feed = Shape(spec, len(outputs), rate_hz, settings.block_size)
    return _wanted(name, outputs, feed, settings)


def wanted_waveform(name: str, samples: Sequence[float] | memoryview, settings: DaqSettings) -> WantedPlayback:
    """What a client has written for one output."""
    array = np.array(samples, np.float64)[np.newaxis]
    return WantedPlayback("waveform", (name,), array, array.shape[1], _length(array.shape[1], settings))


def _wanted(name: str, outputs: tuple[str, ...], feed: Shape | Samples, settings: DaqSettings) -> WantedPlayback:
    total = feed.total
    if total is None:
        return WantedPlayback(name, outputs, feed, None, "until it is stopped")
    if total > settings.buffers * settings.block_size:
        return WantedPlayback(name, outputs, feed, total, _length(total, settings))
    # What does not fill all buffers of the device is given as a whole.
    chunks: list[Array] = []
    while (chunk := feed()) is not None:
        chunks.append(chunk)
    return WantedPlayback(name, outputs, np.concatenate(chunks, axis=1), total, _length(total, settings))


def _length(total: int, settings: DaqSettings) -> str:
    return f"{total} samples, {total / settings.sample_rate_hz:g} s"
