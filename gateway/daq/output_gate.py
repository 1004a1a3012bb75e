"""The output gate: no value reaches a device that is not a number, out of range, or not confirmed where it must be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.daq.channels import OutputChannel
from gateway.daq.encoding import Encoding
from gateway.daq.errors import DaqConfirmationRequiredError, DaqValidationError


class OutputGate:
    """Checks values before any of them goes out.

    The order decides which error shows: first numbers that are none, because no comparison finds them; then the range,
    which nobody can lift; then confirmation.

    Args:
        channels: Rows of what is checked.
        confirm: Whether the caller has confirmed.
    """

    def __init__(self, channels: Sequence[OutputChannel], *, confirm: bool) -> None:
        self._channels = channels
        self._confirm = confirm

    def check(self, values: NDArray[np.float64]) -> None:
        """Look at values of shape (channels, samples).

        Raises:
            DaqValidationError: A value is not finite or out of range.
            DaqConfirmationRequiredError: A value needs confirmation, and there is none.
        """
        for row, channel in zip(values, self._channels, strict=True):
            finite = np.isfinite(row)
            if not finite.all():
                _refuse(row, channel, ~finite, "is no finite number")
        for row, channel in zip(values, self._channels, strict=True):
            outside = _outside(row, channel.min_val, channel.max_val)
            if outside is not None:
                _refuse(row, channel, outside, f"is outside of {channel.min_val:g} to {channel.max_val:g}")
        if self._confirm:
            return
        for row, channel in zip(values, self._channels, strict=True):
            where = f"channel {channel.name}"
            if channel.requires_confirm and row.size:
                raise DaqConfirmationRequiredError("the output needs confirmation", where=where, hint="give confirm")
            low, high = channel.safe_band
            outside = _outside(row, low, high)
            if outside is not None:
                sample = int(outside.argmax())
                raise DaqConfirmationRequiredError(
                    f"{row[sample]:g} {channel.unit} is outside of the safe band {low:g} to {high:g}",
                    where=f"{where}, sample {sample}",
                    hint="give confirm",
                )


def at_converter(values: NDArray[np.float64], channels: Sequence[OutputChannel], encoding: Encoding) -> NDArray[Any]:
    """Codes of values of shape (channels, samples) that have passed the gate, in the shape (samples, channels).

    Raises:
        DaqValidationError: With the channel's gain, a value is beyond what the device's converter can put out.
    """
    gains = np.array([channel.gain for channel in channels])
    return encoding.encode(values.T / gains)


def _outside(row: NDArray[np.float64], low: float, high: float) -> NDArray[np.bool_] | None:
    if row.size == 0 or (row.min() >= low and row.max() <= high):
        return None
    outside: NDArray[np.bool_] = (row < low) | (row > high)
    return outside


def _refuse(row: NDArray[np.float64], channel: OutputChannel, which: NDArray[np.bool_], why: str) -> None:
    sample = int(which.argmax())
    raise DaqValidationError(f"{row[sample]:g} {channel.unit} {why}", where=f"channel {channel.name}, sample {sample}")
