"""From a device's buffer to values in units: the one copy between the driver and the consumer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.daq.block import SensorStatus
from gateway.daq.channels import InputChannel
from gateway.daq.encoding import Encoding


@dataclass(frozen=True, slots=True)
class Decoded:
    """Values of one buffer.

    Attributes:
        data: float64, shape (channels without the cold junction, samples).
        raw_codes: The codes in the same shape, if they are kept.
        cold_junction: Its row, if there is one.
        sensor_status: By channel, where the sensor is tested or faulty.
    """

    data: NDArray[np.float64]
    raw_codes: NDArray[Any] | None
    cold_junction: NDArray[np.float64] | None
    sensor_status: dict[str, NDArray[np.int8]]


class Decoder:
    """Pure: the same codes always give the same values. Its `decode` may run in any thread.

    Args:
        channels: Columns of the buffers.
        encoding: Of their codes.
        keep_raw_codes: Copy the codes, too.
    """

    def __init__(self, channels: Sequence[InputChannel], encoding: Encoding, *, keep_raw_codes: bool = False) -> None:
        self._columns = [column for column, channel in enumerate(channels) if not channel.cold_junction]
        self._channels = [channels[column] for column in self._columns]
        junctions = [column for column, channel in enumerate(channels) if channel.cold_junction]
        self._junction = junctions[0] if junctions else None
        per_volt = np.array([channel.scale / channel.gain for channel in channels])
        self._factor = encoding.scale * per_volt
        self._offset = encoding.offset * per_volt + np.array([channel.offset for channel in channels])
        self._can_be_open = encoding.dtype.kind == "f"
        self._keep_raw_codes = keep_raw_codes

    @property
    def names(self) -> tuple[str, ...]:
        """Channels of the rows of the data."""
        return tuple(channel.name for channel in self._channels)

    @property
    def units(self) -> dict[str, str]:
        """Units of the rows."""
        return {channel.name: channel.unit for channel in self._channels}

    @property
    def is_linearised(self) -> bool:
        """Whether a channel has a `linearise`."""
        return any(channel.linearise is not None for channel in self._channels)

    def decode(self, codes: NDArray[Any]) -> Decoded:
        """Values of codes of shape (samples, channels)."""
        data = self._scaled(codes, self._columns)
        junction = None if self._junction is None else self._scaled(codes, [self._junction])[0]
        statuses: dict[str, NDArray[np.int8]] = {}
        for row, channel in zip(data, self._channels, strict=True):
            status = self._sensor_status(row, channel)
            if channel.linearise is not None:
                row[:] = channel.linearise(row, junction)
            if status is not None:
                row[status != SensorStatus.OK] = np.nan
                statuses[channel.name] = status
        raw_codes = codes.T[self._columns] if self._keep_raw_codes else None
        for array in (data, raw_codes, junction, *statuses.values()):
            if array is not None:
                array.flags.writeable = False
        return Decoded(data, raw_codes, junction, statuses)

    def _scaled(self, codes: NDArray[Any], columns: list[int]) -> NDArray[np.float64]:
        data = np.empty((len(columns), len(codes)))
        for row, column in zip(data, columns, strict=True):
            np.multiply(codes[:, column], self._factor[column], out=row)
            if self._offset[column]:
                row += self._offset[column]
        return data

    def _sensor_status(self, row: NDArray[np.float64], channel: InputChannel) -> NDArray[np.int8] | None:
        tested = channel.sensor_low is not None or channel.sensor_high is not None
        open_circuit = ~np.isfinite(row) if self._can_be_open else None
        if not tested and (open_circuit is None or not open_circuit.any()):
            return None
        status = np.zeros(row.shape, np.int8)
        if channel.sensor_low is not None:
            status[row < channel.sensor_low] = SensorStatus.LOW
        if channel.sensor_high is not None:
            status[row > channel.sensor_high] = SensorStatus.HIGH
        if open_circuit is not None:
            status[open_circuit] = SensorStatus.OPEN
        return status
