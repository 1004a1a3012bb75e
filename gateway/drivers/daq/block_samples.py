"""From blocks and readings to batches of Samples."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from gateway.daq import DaqBlock, DaqReading, SensorStatus
from gateway.drivers.daq.points import STATISTICS
from gateway.drivers.daq.settings import DaqSettings
from gateway.drivers.daq.statistics import Trend, block_statistics
from gateway.model.readings import ChannelKind, ChannelStatus, ProtocolKind, Reading
from gateway.model.sample import Sample
from gateway.model.value import Value

INLINE_VALUES = 65_536
"""Statistics of more values than this are worked out in a thread; of fewer, they take less than 0.5 ms."""

_OK = ChannelStatus()
_FAULTY = ChannelStatus(invalid=True)


class SampleMaker:
    """Makes the Samples of one device.

    Args:
        device: Name of the analyser.
    """

    def __init__(self, device: str) -> None:
        self._device = device

    def sample(
        self, path: str, value: Value, when: tuple[int, datetime], unit: str = "", status: ChannelStatus = _OK
    ) -> Sample:
        """One point; `path` is its browse path, and a number that is not finite is no usable value."""
        if isinstance(value, float) and not math.isfinite(value):
            value = None
        reading = Reading(path, ChannelKind.MEASURED, "", value, unit, status)
        return Sample(self._device, path, reading, ProtocolKind.LOCAL, when[0], when[1])

    def error(self, error: BaseException, when: tuple[int, datetime]) -> Sample:
        """The whole device could not be read."""
        return Sample(self._device, None, None, ProtocolKind.LOCAL, when[0], when[1], error=error)


class BlockSamples:
    """Makes a batch of every block; the trend goes on through gaps and reopenings.

    Args:
        make: Makes the Samples.
        settings: Of the device.
    """

    def __init__(self, make: SampleMaker, settings: DaqSettings) -> None:
        self._make = make
        self._channels = settings.inputs
        interval = max(1, round(settings.trend_interval_s * settings.sample_rate_hz))
        self._trend = Trend(len(self._channels), settings.trend_length, interval)

    @staticmethod
    def statistics(block: DaqBlock) -> NDArray[np.float64]:
        """What `batch` needs; pure, for any thread."""
        return block_statistics(block.data)

    def batch(self, block: DaqBlock, statistics: NDArray[np.float64]) -> Sequence[Sample]:
        """All points of a block of samples, stamped with the time of its last one."""
        last = block.samples_per_channel - 1
        when = (block.sample_mono_ns(last), block.sample_utc(last))
        grown = self._trend.take(statistics[:, 0], block.samples_per_channel)
        return [*self._of_channels(block, statistics, when, grown=grown), *self._of_block(block, when)]

    def _of_channels(
        self, block: DaqBlock, statistics: NDArray[np.float64], when: tuple[int, datetime], *, grown: bool
    ) -> Iterator[Sample]:
        make = self._make.sample
        for row, (name, channel) in enumerate(self._channels.items()):
            sensor = _worst(block, name)
            status = _OK if sensor is SensorStatus.OK else _FAULTY
            yield make(f"{name}/Waveform", memoryview(block.data[row]), when, channel.unit, status)
            for (what, _), value in zip(STATISTICS, statistics[row].tolist(), strict=True):
                yield make(f"{name}/{what}", value, when, channel.unit, status)
            if grown:
                yield make(f"{name}/Trend", self._trend.of(row).data.toreadonly(), when, channel.unit)
            yield make(f"{name}/SensorStatus", sensor.name.lower(), when)

    def _of_block(self, block: DaqBlock, when: tuple[int, datetime]) -> Iterator[Sample]:
        make = self._make.sample
        yield make("Block/Index", block.block_index, when)
        yield make("Block/FirstSampleIndex", block.first_sample_index, when)
        yield make("Block/FirstSampleTime", block.t_utc.isoformat(timespec="microseconds"), when)
        yield make("Block/Discontinuity", block.discontinuity, when)
        yield make("SampleRate/Requested", float(block.sample_rate_hz_requested), when, "Hz")
        yield make("SampleRate/Estimated", float(block.sample_rate_hz_estimated), when, "Hz")


def reading_batch(make: SampleMaker, reading: DaqReading) -> Sequence[Sample]:
    """All points of one scan, stamped with the middle between request and answer."""
    when = (reading.t_midpoint_mono_ns, reading.t_utc)
    if reading.error is not None:
        return [make.error(reading.error, when)]
    samples: list[Sample] = []
    for name, value in reading.values.items():
        sensor = reading.sensor_status.get(name, SensorStatus.OK)
        status = _OK if sensor is SensorStatus.OK else _FAULTY
        samples.append(make.sample(f"{name}/Value", float(value), when, reading.units.get(name, ""), status))
        samples.append(make.sample(f"{name}/SensorStatus", sensor.name.lower(), when))
    return samples


def _worst(block: DaqBlock, channel: str) -> SensorStatus:
    statuses = block.sensor_status.get(channel)
    return SensorStatus.OK if statuses is None else SensorStatus(int(statuses.max()))
