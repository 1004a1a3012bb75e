"""Channels of a task: what is connected to a device's terminals, and what may be put out there."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gateway.daq.errors import DaqValidationError
from gateway.streaming.arguments import finite

Row = NDArray[np.float64]

Linearise = Callable[[Row, Row | None], Row]
"""From a row in `converter_unit` and the cold junction's row to a row in `unit`; called in worker threads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputChannel:
    """One analog input. Value = linearise((converter's value / gain) * scale + offset).

    Attributes:
        name: Unique in its task.
        terminal: How the driver calls the place it is wired to: a number, or a text such as `ai0`.
        unit: Of the values, after scaling.
        min_val: Smallest value expected, in `unit` before scaling; drivers choose their range by it.
        max_val: Largest value expected, likewise.
        gain: Of the device's amplifier.
        scale: `unit` per converter's unit.
        offset: In `unit`.
        linearise: Applied last, for sensors that are not linear; None for a linear one.
        sensor_low: Values below this mean a faulty sensor, in `unit` before linearising; None for no such test.
        sensor_high: Values above this likewise.
        cold_junction: Measures the temperature of the terminals for `linearise` of the others. It is no row of the
            data; at most one in a task.
    """

    name: str
    terminal: int | str = 0
    unit: str = "V"
    min_val: float = -10.0
    max_val: float = 10.0
    gain: float = 1.0
    scale: float = 1.0
    offset: float = 0.0
    linearise: Linearise | None = None
    sensor_low: float | None = None
    sensor_high: float | None = None
    cold_junction: bool = False

    def __post_init__(self) -> None:
        _check_channel(self.name, self.min_val, self.max_val, self.gain)
        if finite("scale", self.scale) == 0:
            raise DaqValidationError("scale must not be 0", where=f"channel {self.name}")
        finite("offset", self.offset)
        for limit in (self.sensor_low, self.sensor_high):
            if limit is not None:
                finite("sensor_low and sensor_high", limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputChannel:
    """One analog output, with the limits that the output gate keeps.

    Attributes:
        name: Unique in its task.
        terminal: How the driver calls the place it is wired to.
        unit: Of the values given by callers.
        min_val: Values below are refused, whatever the caller confirms.
        max_val: Values above likewise.
        safe_min: Values below this need `confirm=True`; None for no lower end of the safe band.
        safe_max: Values above this likewise.
        requires_confirm: Every value needs `confirm=True`, those of the safe band, too.
        gain: Of the device's amplifier: the converter is given value / gain.
        safe_value: Where a playback ends; by default 0, or what is nearest to it inside the safe band.
    """

    name: str
    terminal: int | str = 0
    unit: str = "V"
    min_val: float = -10.0
    max_val: float = 10.0
    safe_min: float | None = None
    safe_max: float | None = None
    requires_confirm: bool = True
    gain: float = 1.0
    safe_value: float | None = None

    def __post_init__(self) -> None:
        _check_channel(self.name, self.min_val, self.max_val, self.gain)
        low, high = self.safe_band
        if not self.min_val <= low <= high <= self.max_val:
            raise DaqValidationError(
                f"the safe band {low:g} to {high:g} is not inside {self.min_val:g} to {self.max_val:g}",
                where=f"channel {self.name}",
            )
        if self.safe_value is not None and not low <= finite("safe_value", self.safe_value) <= high:
            raise DaqValidationError(
                f"safe_value {self.safe_value:g} is outside of {low:g} to {high:g}", where=f"channel {self.name}"
            )

    @property
    def safe_band(self) -> tuple[float, float]:
        """Lowest and highest value that is safe."""
        low = self.min_val if self.safe_min is None else finite("safe_min", self.safe_min)
        high = self.max_val if self.safe_max is None else finite("safe_max", self.safe_max)
        return low, high

    @property
    def rest_value(self) -> float:
        """Where a playback ends."""
        low, high = self.safe_band
        return min(max(0.0, low), high) if self.safe_value is None else self.safe_value


Channel = InputChannel | OutputChannel


def _check_channel(name: str, low: float, high: float, gain: float) -> None:
    if not name:
        raise DaqValidationError("a channel needs a name")
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise DaqValidationError(f"min_val {low!r} is not below max_val {high!r}", where=f"channel {name}")
    if finite("gain", gain) == 0:
        raise DaqValidationError("gain must not be 0", where=f"channel {name}")
