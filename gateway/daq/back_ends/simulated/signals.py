"""What a simulated input sees. Every signal is a pure function of the sample number, so each sample can be checked."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from gateway.daq.encoding import Encoding

ENCODING = Encoding.offset_binary(16, -10.0, 10.0)
"""Of the simulated converter: 16 bits, -10 V to +10 V, in both directions."""

CHANNEL_STEP = 4096
"""By how many codes the counters of neighbouring channels differ."""

Signal = Callable[[int, int, int, float], NDArray[np.uint16]]
"""From first sample number, samples, channels and scan rate to codes of shape (samples, channels)."""


def counter(first: int, samples: int, channels: int, rate_hz: float) -> NDArray[np.uint16]:  # noqa: ARG001 - a Signal
    """Code = sample number + `CHANNEL_STEP` * channel, modulo 65536: a lost or repeated sample shows at once."""
    numbers = np.arange(first % 65536, first % 65536 + samples, dtype=np.uint32).astype(np.uint16)
    steps = (np.arange(channels, dtype=np.uint32) * CHANNEL_STEP).astype(np.uint16)
    return numbers[:, np.newaxis] + steps


def sine(frequency_hz: float, amplitude: float = 5.0) -> Signal:
    """A sine around 0 V; each channel is a quarter period behind the one before."""

    def signal(first: int, samples: int, channels: int, rate_hz: float) -> NDArray[np.uint16]:
        seconds = np.arange(first, first + samples) / rate_hz
        turns = frequency_hz * seconds[:, np.newaxis] - np.arange(channels) / 4
        codes: NDArray[np.uint16] = ENCODING.encode(amplitude * np.sin(2 * np.pi * turns))
        return codes

    return signal


def constant(*volts: float) -> Signal:
    """One level per channel; the last one serves the channels that follow."""

    def signal(first: int, samples: int, channels: int, rate_hz: float) -> NDArray[np.uint16]:  # noqa: ARG001
        levels = np.array([volts[min(channel, len(volts) - 1)] for channel in range(channels)])
        codes: NDArray[np.uint16] = np.tile(ENCODING.encode(levels), (samples, 1))
        return codes

    return signal
