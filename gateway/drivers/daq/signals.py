"""Samples to play: shapes of the settings, files, and what clients write."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gateway.drivers.daq.settings import SignalSpec

Array = NDArray[np.float64]

LARGEST_FILE = 256 * 1024 * 1024


class SignalFileError(ValueError):
    """A file that cannot be played; the text says why, with a remedy behind a semicolon."""


def samples_from_file(file: Path, outputs: int) -> Array:
    """Samples of a file, shape (outputs, samples), all of them finite.

    Args:
        file: A `.npy` array, or text with one sample per line and a column for each output.
        outputs: Number of outputs; one row or column alone is for all of them.

    Raises:
        SignalFileError: It cannot be read, has another shape, or holds something that is not a finite number.
    """
    try:
        size = file.stat().st_size
    except OSError as error:
        raise SignalFileError(f"'{file}' cannot be read: {error.strerror or error}; correct the path") from error
    if size > LARGEST_FILE:
        raise SignalFileError(f"'{file}' is larger than {LARGEST_FILE >> 20} MiB; give a shorter one")
    try:
        binary = file.suffix == ".npy"
        loaded = (
            np.load(file, allow_pickle=False) if binary else np.loadtxt(file, delimiter=_delimiter(file), ndmin=2).T
        )
        samples = np.array(loaded, dtype=np.float64, ndmin=2)
    except OSError as error:
        raise SignalFileError(f"'{file}' cannot be read: {error.strerror or error}; correct the path") from error
    except (ValueError, TypeError) as error:
        raise SignalFileError(f"'{file}' does not hold numbers alone: {error}; one sample per line") from error
    if samples.ndim != 2 or samples.shape[0] not in (1, outputs) or samples.shape[1] == 0:
        shape = " x ".join(map(str, samples.shape))
        raise SignalFileError(f"'{file}' holds {shape} numbers; give one column, or {outputs}, with a line per sample")
    if not np.isfinite(samples).all():
        raise SignalFileError(f"'{file}' holds NaN or infinity; remove them")
    return np.repeat(samples, outputs, axis=0) if samples.shape[0] < outputs else samples


def _delimiter(file: Path) -> str | None:
    with file.open(encoding="utf-8") as lines:
        return "," if "," in lines.readline() else None


class Shape:
    """A shape without end, or for a duration: each call gives the samples that follow.

    The phase is worked out afresh for each chunk, in exact arithmetic, so nothing adds up over days.

    Args:
        spec: Its settings.
        outputs: Number of outputs that play it.
        rate_hz: Samples per second.
        chunk: Samples in one chunk.

    Attributes:
        total: Samples that will be played; None without end.
    """

    def __init__(self, spec: SignalSpec, outputs: int, rate_hz: float, chunk: int) -> None:
        self._spec = spec
        self._outputs = outputs
        self._chunk = chunk
        self._step = Fraction(spec.frequency_hz) / Fraction(rate_hz)
        self._next = 0
        self.total = None if spec.duration_s is None else max(1, round(spec.duration_s * rate_hz))

    def __call__(self) -> Array | None:
        """The next chunk, shape (outputs, samples); None after the last one."""
        count = self._chunk if self.total is None else min(self._chunk, self.total - self._next)
        if count <= 0:
            return None
        start = float(self._next * self._step % 1)
        self._next += count
        phase = (start + np.arange(count, dtype=np.float64) * float(self._step)) % 1.0
        row = self._spec.offset + self._spec.amplitude * self._unit(phase)
        return np.broadcast_to(row, (self._outputs, count))

    def _unit(self, phase: Array) -> Array:
        """The shape between -1 and 1, over phases of 0 to 1."""
        match self._spec.shape:
            case "sine":
                return np.sin(2 * np.pi * phase)
            case "square":
                return np.where(phase < 0.5, 1.0, -1.0)
            case "triangle":
                return 1.0 - 4.0 * np.abs((phase + 0.25) % 1.0 - 0.5)
            case "ramp":
                return 2.0 * phase - 1.0
        return np.zeros_like(phase)


class Samples:
    """Samples that are there, played once, or again and again for a duration.

    Args:
        samples: Shape (outputs, samples).
        chunk: Samples in one chunk.
        total: Samples to play; None for each of them once.

    Attributes:
        total: Samples that will be played.
    """

    def __init__(self, samples: Array, chunk: int, total: int | None = None) -> None:
        self._samples = samples
        self._chunk = chunk
        self._next = 0
        self.total: int = samples.shape[1] if total is None else total

    def __call__(self) -> Array | None:
        """The next chunk, shape (outputs, samples); None after the last one."""
        count = min(self._chunk, self.total - self._next)
        if count <= 0:
            return None
        places = np.arange(self._next, self._next + count) % self._samples.shape[1]
        self._next += count
        return self._samples[:, places]
