"""Numbers and dates the blocks of one run: indices, gaps and times."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np

from gateway.daq.block import DaqBlock
from gateway.daq.block_times import BlockTimes
from gateway.daq.decoding import Decoded, Decoder
from gateway.daq.summary import AcquisitionSummary
from gateway.model.stamp import Clock, Stamp


class BlockBuilder:
    """Sample numbers advance by the samples that came, and by those that are known to be lost; by nothing else.

    Args:
        device: Name of the device.
        task: Name of the task.
        decoder: Knows the channels.
        requested_hz: Scan rate that was asked for.
        granted_hz: Scan rate that the device has committed itself to.
        clock: Time; UTC of a sample is its monotonic time by the offset between the two at delivery.
        summary: Knows the start; counts samples and gaps.
    """

    def __init__(
        self,
        device: str,
        task: str,
        decoder: Decoder,
        *,
        requested_hz: float,
        granted_hz: float,
        clock: Clock,
        summary: AcquisitionSummary,
    ) -> None:
        self._device = device
        self._task = task
        self._channels = decoder.names
        self._units = decoder.units
        self._is_linearised = decoder.is_linearised
        self._requested_hz = requested_hz
        self._granted_hz = granted_hz
        self._clock = clock
        self._started_at = summary.started_at
        self._summary = summary
        self._times = BlockTimes(granted_hz)
        self._blocks = 0
        self._lost: int | None = 0
        self._gap = False
        self._last_t0_ns: int | None = None
        self._next_sample = 0

    @property
    def next_sample(self) -> int:
        """Number that the next sample will have."""
        return self._next_sample

    def lose(self, samples: int | None) -> None:
        """Samples are missing before the next block; None for an unknown number, which may be 0."""
        if samples == 0:
            return
        self._gap = True
        if samples is None or self._lost is None:
            self._lost = None
        else:
            self._lost += samples
        self._next_sample += samples or 0
        self._summary.samples_lost += samples or 0

    def block(self, decoded: Decoded, taken: int, done_ns: int, picked_up: Stamp) -> DaqBlock:
        """The next block.

        Args:
            decoded: Its values; they may be fewer than `taken`, when a finite length is reached.
            taken: Samples per channel that the device took up to `done_ns`.
            done_ns: Monotonic time of the done message.
            picked_up: When the message was taken up.
        """
        lost, gap = self._lost, self._gap
        self._lost, self._gap = 0, False
        self._summary.discontinuities += gap
        if lost is None:
            self._times.interrupted()
        first = self._next_sample
        self._times.observe(first + taken, done_ns)
        length = decoded.data.shape[1]
        t0_ns = self._times.time_of(first)
        if self._last_t0_ns is not None:
            t0_ns = max(t0_ns, self._last_t0_ns + 1)
        self._last_t0_ns = t0_ns
        now = self._clock.stamp()
        t0 = _utc(t0_ns, now)
        period_ns = self._times.period_ns
        block = DaqBlock(
            device=self._device,
            task=self._task,
            channels=self._channels,
            data=decoded.data,
            raw_codes=decoded.raw_codes,
            cjc_data=decoded.cold_junction,
            block_index=self._blocks,
            first_sample_index=first,
            samples_per_channel=length,
            sample_rate_hz=self._granted_hz,
            sample_rate_hz_requested=self._requested_hz,
            sample_rate_hz_estimated=self._times.rate_hz,
            block_period_ns=period_ns,
            task_started_at=self._started_at,
            t0=t0,
            t_mono_ns=t0_ns,
            t_utc=t0,
            t_midpoint_mono_ns=t0_ns + round(length * period_ns / 2),
            read_started_at=picked_up.utc,
            read_finished_at=now.utc,
            elapsed_s=(now.monotonic_ns - picked_up.monotonic_ns) / 1e9,
            discontinuity=gap,
            samples_lost=lost,
            units=self._units,
            is_linearised=self._is_linearised,
            sensor_status=decoded.sensor_status,
        )
        self._next_sample += length
        self._blocks += 1
        self._summary.samples_produced += length
        return block

    def error_block(self, error: Exception, monotonic_ns: int) -> DaqBlock:
        """The block that stands for an error: no samples, no index, the time of the error."""
        now = self._clock.stamp()
        moment = _utc(monotonic_ns, now)
        return DaqBlock(
            device=self._device,
            task=self._task,
            channels=self._channels,
            data=np.empty((len(self._channels), 0)),
            block_index=None,
            first_sample_index=None,
            samples_per_channel=0,
            sample_rate_hz=self._granted_hz,
            sample_rate_hz_requested=self._requested_hz,
            sample_rate_hz_estimated=self._times.rate_hz,
            block_period_ns=self._times.period_ns,
            task_started_at=self._started_at,
            t0=moment,
            t_mono_ns=monotonic_ns,
            t_utc=moment,
            t_midpoint_mono_ns=monotonic_ns,
            read_started_at=now.utc,
            read_finished_at=now.utc,
            elapsed_s=0.0,
            units=self._units,
            error=error,
        )


def _utc(monotonic_ns: int, now: Stamp) -> datetime:
    return now.utc - timedelta(microseconds=(now.monotonic_ns - monotonic_ns) // 1000)
