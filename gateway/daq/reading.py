"""What `record_polled` delivers: one value per channel, asked for by the program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from gateway.daq.block import SensorStatus
from gateway.daq.errors import DaqValidationError
from gateway.daq.frozen import FrozenPayload

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class DaqReading(FrozenPayload):
    """One scan at a software rate, or one error; then `values` is empty.

    Attributes:
        device: Name of the device.
        task: Name of the task.
        values: Channel to value, in `units`; NaN where a sensor is faulty.
        units: Channel to unit.
        requested_at: UTC at which the device was asked.
        received_at: UTC at which the values were there.
        t_utc: UTC of the middle between the two: the best guess of when the values were taken.
        t_mono_ns: Monotonic time of the request, in ns.
        t_midpoint_mono_ns: Monotonic time of the middle.
        latency_s: Seconds from request to values.
        sensor_status: Channel to state of its sensor; only channels whose sensor is tested or faulty.
        metadata: Read-only.
        error: Why there are no values.
    """

    device: str
    task: str
    values: Mapping[str, float]
    units: Mapping[str, str] = field(default_factory=dict)
    requested_at: datetime
    received_at: datetime
    t_utc: datetime
    t_mono_ns: int
    t_midpoint_mono_ns: int
    latency_s: float
    sensor_status: Mapping[str, SensorStatus] = field(default_factory=dict)
    metadata: Mapping[str, object] = field(default_factory=dict)
    error: Exception | None = None

    def __post_init__(self) -> None:
        if self.error is not None and self.values:
            raise DaqValidationError("a reading carries either values or an error")
        self._freeze()


@dataclass(frozen=True, slots=True)
class DeviceResult(Generic[T]):
    """What one of several devices answered: exactly one of value and error.

    Attributes:
        value: The answer, None on failure.
        error: Why there is none.
    """

    value: T | None = None
    error: Exception | None = None

    def __post_init__(self) -> None:
        if (self.value is None) == (self.error is None):
            raise DaqValidationError("a result carries exactly one of value and error")

    @property
    def ok(self) -> bool:
        """Whether the device answered."""
        return self.error is None

    @classmethod
    def success(cls, value: T) -> DeviceResult[T]:
        """The device answered."""
        return cls(value)

    @classmethod
    def failure(cls, error: Exception) -> DeviceResult[T]:
        """It did not."""
        return cls(None, error)
