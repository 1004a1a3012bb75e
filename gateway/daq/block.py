"""What `record` delivers: one array of hardware-clocked samples, with when and where each of them was taken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from gateway.daq.errors import DaqValidationError
from gateway.daq.frozen import FrozenPayload


class SensorStatus(IntEnum):
    """State of a sensor during one sample, as `DaqBlock.sensor_status` holds it."""

    OK = 0
    OPEN = 1
    LOW = 2
    HIGH = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class DaqBlock(FrozenPayload):
    """Consecutive samples of all channels of a task, or one error.

    Sample k of the block was taken at `t_mono_ns + k * block_period_ns`, and has the number `first_sample_index + k`.

    An error block has `error` set, no samples, and no index: both indices are None, and the times are those of the
    error.

    Attributes:
        device: Name of the device.
        task: Name of the task.
        channels: Names, in the order of the rows of `data`.
        data: float64, shape (channels, samples_per_channel), read-only, in `units`; NaN where a sensor is faulty.
        raw_codes: The converter's codes in the same shape, read-only; None unless the task keeps them.
        cjc_data: Row of the cold junction, shape (samples_per_channel,); None without one.
        block_index: Blocks delivered before this one since the start.
        first_sample_index: Number of the first sample since the start. It counts lost samples whose number is known.
        samples_per_channel: Samples in each row.
        sample_rate_hz: Scans per second that the device has committed itself to.
        sample_rate_hz_requested: Scans per second that the task asked for.
        sample_rate_hz_estimated: Scans per second by this machine's clock, fitted over the blocks so far.
        block_period_ns: Time between two samples of a row (not between blocks), by the estimated rate.
        task_started_at: UTC of the start.
        t0: UTC of the first sample; the same as `t_utc`.
        t_mono_ns: Monotonic time of the first sample, in ns.
        t_utc: UTC of the first sample.
        t_midpoint_mono_ns: Monotonic time of the middle of the block.
        read_started_at: UTC at which the program took up the device's message.
        read_finished_at: UTC at which the values were ready.
        elapsed_s: Seconds between the two.
        discontinuity: Samples are missing before the first one, or may be. Never interpolate across it.
        samples_lost: How many are missing per channel, as far as the device knows; None where it does not.
        units: Channel to unit.
        is_linearised: Whether a channel's values went through its `linearise`.
        sensor_status: Channel to `SensorStatus` per sample, int8; only channels whose sensor is tested or faulty.
        error: Why there are no samples.

    Raises:
        DaqValidationError: The parts contradict each other.
    """

    device: str
    task: str
    channels: tuple[str, ...]
    data: NDArray[np.float64]
    raw_codes: NDArray[np.generic] | None = None
    cjc_data: NDArray[np.float64] | None = None
    block_index: int | None
    first_sample_index: int | None
    samples_per_channel: int
    sample_rate_hz: float
    sample_rate_hz_requested: float
    sample_rate_hz_estimated: float
    block_period_ns: float
    task_started_at: datetime
    t0: datetime
    t_mono_ns: int
    t_utc: datetime
    t_midpoint_mono_ns: int
    read_started_at: datetime
    read_finished_at: datetime
    elapsed_s: float
    discontinuity: bool = False
    samples_lost: int | None = 0
    units: Mapping[str, str] = field(default_factory=dict)
    is_linearised: bool = False
    sensor_status: Mapping[str, NDArray[np.int8]] = field(default_factory=dict)
    error: Exception | None = None

    def __post_init__(self) -> None:
        shape = (len(self.channels), self.samples_per_channel)
        if self.data.dtype != np.float64 or self.data.shape != shape:
            raise DaqValidationError(f"data must be float64 of shape {shape}, got {self.data.dtype} {self.data.shape}")
        if self.raw_codes is not None and self.raw_codes.shape != shape:
            raise DaqValidationError(f"raw_codes must have the shape {shape}, got {self.raw_codes.shape}")
        if self.cjc_data is not None and self.cjc_data.shape != shape[1:]:
            raise DaqValidationError(f"cjc_data must have the shape {shape[1:]}, got {self.cjc_data.shape}")
        if (self.error is None) != (self.samples_per_channel > 0):
            raise DaqValidationError("a block carries either samples or an error")
        if (self.error is None) == (self.block_index is None or self.first_sample_index is None):
            raise DaqValidationError("a block of samples has its indices, and an error block has none")
        self._freeze_array("data", self.data)
        if self.raw_codes is not None:
            self._freeze_array("raw_codes", self.raw_codes)
        if self.cjc_data is not None:
            self._freeze_array("cjc_data", self.cjc_data)
        self._freeze()

    def sample_mono_ns(self, sample: int) -> int:
        """Monotonic time of a sample of this block, by its position from 0."""
        return self.t_mono_ns + round(sample * self.block_period_ns)

    def sample_utc(self, sample: int) -> datetime:
        """UTC of the same."""
        return self.t_utc + timedelta(microseconds=round(sample * self.block_period_ns / 1000))

    def row(self, channel: str) -> NDArray[np.float64]:
        """The samples of one channel, without a copy.

        Raises:
            KeyError: The block has no such channel.
        """
        if channel not in self.channels:
            raise KeyError(channel)
        row: NDArray[np.float64] = self.data[self.channels.index(channel)]
        return row


@dataclass(frozen=True, slots=True, kw_only=True)
class DaqSample(FrozenPayload):
    """One sample of one channel: a row of a tidy table.

    Attributes:
        device: Name of the device.
        channel: Name of the channel.
        value: In `unit`; NaN where the sensor is faulty.
        sample_index: Number since the start.
        block_index: Number of its block.
        t_mono_ns: Monotonic time of this sample, in ns.
        t_utc: UTC of this sample, in whole microseconds.
        task: Name of the task.
        unit: Of the value; None for unknown.
        sensor_status: State of the sensor; None where it is not tested.
        is_linearised: As in the block.
        metadata: Read-only.
    """

    device: str
    channel: str
    value: float
    sample_index: int
    block_index: int
    t_mono_ns: int
    t_utc: datetime
    task: str = ""
    unit: str | None = None
    sensor_status: SensorStatus | None = None
    is_linearised: bool = False
    metadata: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._freeze()


def block_to_long_rows(block: DaqBlock) -> Iterator[DaqSample]:
    """The samples of a block one by one, channel after channel; an error block has none."""
    if block.block_index is None or block.first_sample_index is None:
        return
    times = [(block.sample_mono_ns(k), block.sample_utc(k)) for k in range(block.samples_per_channel)]
    for channel, row in zip(block.channels, block.data, strict=True):
        statuses = block.sensor_status.get(channel)
        for k, (t_mono_ns, t_utc) in enumerate(times):
            yield DaqSample(
                device=block.device,
                channel=channel,
                value=float(row[k]),
                sample_index=block.first_sample_index + k,
                block_index=block.block_index,
                t_mono_ns=t_mono_ns,
                t_utc=t_utc,
                task=block.task,
                unit=block.units.get(channel),
                sensor_status=None if statuses is None else SensorStatus(int(statuses[k])),
                is_linearised=block.is_linearised,
            )
