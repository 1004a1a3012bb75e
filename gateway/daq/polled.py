"""What can be polled, and what the error policies mean for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from gateway.daq.policies import ErrorPolicy
from gateway.daq.reading import DaqReading, DeviceResult
from gateway.daq.summary import AcquisitionSummary
from gateway.model.stamp import Clock, Stamp
from gateway.streaming.failure import ACQUISITION_ERRORS

Results = Mapping[str, DeviceResult[DaqReading]]


class PolledDevice(Protocol):
    """One device: a `DaqSession`, or whatever gives readings. Its `device`, if it has one, names error readings."""

    async def poll(self) -> DaqReading:
        """One reading."""
        ...


class PolledDevices(Protocol):
    """Several devices: a `DaqManager`. A device that fails is a result with an error."""

    async def poll(self) -> Results:
        """One result of each device."""
        ...


class DevicePoll:
    """A poll of one device: RETURN makes a reading of an error, SKIP makes nothing of it."""

    def __init__(self, source: PolledDevice, policy: ErrorPolicy, summary: AcquisitionSummary, clock: Clock) -> None:
        self._source = source
        self._policy = policy
        self._summary = summary
        self._clock = clock

    async def __call__(self) -> DaqReading | None:
        """Ask once.

        Raises:
            Exception: Under RAISE what the device raises; a program's fault always.
        """
        asked = self._clock.stamp()
        try:
            return await self._source.poll()
        except ACQUISITION_ERRORS as error:
            self._summary.errors_observed += 1
            if self._policy is ErrorPolicy.RAISE:
                raise
            return None if self._policy is ErrorPolicy.SKIP else self._error_reading(error, asked)

    def _error_reading(self, error: Exception, asked: Stamp) -> DaqReading:
        failed = self._clock.stamp()
        latency_ns = failed.monotonic_ns - asked.monotonic_ns
        return DaqReading(
            device=str(getattr(self._source, "device", type(self._source).__name__)),
            task=str(getattr(getattr(self._source, "task", None), "name", "")),
            values={},
            requested_at=asked.utc,
            received_at=failed.utc,
            t_utc=failed.utc,
            t_mono_ns=asked.monotonic_ns,
            t_midpoint_mono_ns=asked.monotonic_ns + latency_ns // 2,
            latency_s=latency_ns / 1e9,
            error=error,
        )


class DevicesPoll:
    """A poll of several: RETURN hands the failed results on, SKIP leaves them out, RAISE raises the first of them."""

    def __init__(self, source: PolledDevices, policy: ErrorPolicy, summary: AcquisitionSummary) -> None:
        self._source = source
        self._policy = policy
        self._summary = summary

    async def __call__(self) -> Results | None:
        """Ask once.

        Raises:
            Exception: Under RAISE the error of a device; a program's fault always.
        """
        results = await self._source.poll()
        errors = [result.error for result in results.values() if result.error is not None]
        self._summary.errors_observed += len(errors)
        if errors and self._policy is ErrorPolicy.RAISE:
            raise errors[0]
        if errors and self._policy is ErrorPolicy.SKIP:
            results = {name: result for name, result in results.items() if result.ok}
        return results or None
