"""When samples are taken: the scan clock, what starts it, and how many buffers carry them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gateway.daq.errors import DaqValidationError
from gateway.streaming.arguments import at_least_one, positive

MIN_BUFFERS = 3
"""One at the device, one on its way, one being converted: with fewer, a device with DMA stalls at every block."""


class ClockSource(StrEnum):
    """Where the scan clock comes from."""

    INTERNAL = "internal"
    EXTERNAL = "external"


class Edge(StrEnum):
    """Which edge of a digital signal, or which slope of an analog one, is waited for."""

    RISING = "rising"
    FALLING = "falling"


@dataclass(frozen=True, slots=True)
class SoftwareStart:
    """Starts at once."""


@dataclass(frozen=True, slots=True)
class ExternalDigitalStart:
    """Waits for an edge at the trigger terminal."""

    edge: Edge = Edge.RISING


@dataclass(frozen=True, slots=True)
class AnalogThresholdStart:
    """Waits for a channel to cross a level, given in the channel's unit."""

    channel: str
    level: float
    slope: Edge = Edge.RISING


@dataclass(frozen=True, slots=True)
class SyncBusStart:
    """Waits for the device's synchronisation bus."""


Trigger = SoftwareStart | ExternalDigitalStart | AnalogThresholdStart | SyncBusStart


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """The scan clock.

    Attributes:
        rate_hz: Scans per second: samples per second of **each** channel. The rate at which a multiplexed converter
            works is `TaskSpec.aggregate_rate_hz`.
        clock_source: Where the clock comes from.
        external_divider: External clock pulses per scan.
        samples_per_channel: Length of a FINITE task.
    """

    rate_hz: float
    clock_source: ClockSource = ClockSource.INTERNAL
    external_divider: int = 1
    samples_per_channel: int | None = None

    def __post_init__(self) -> None:
        positive("rate_hz", self.rate_hz)
        at_least_one("external_divider", self.external_divider)
        if self.samples_per_channel is not None:
            at_least_one("samples_per_channel", self.samples_per_channel)


class WrapMode(StrEnum):
    """What becomes of buffers that are done."""

    NONE = "none"
    """Given back only as long as samples of the finite length are missing; for FINITE tasks."""

    MULTIPLE = "multiple"
    """They are given to the device again and again."""

    SINGLE = "single"
    """Output only: the device replays them for ever without help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BufferPlan:
    """The buffers that circulate between the device and the program.

    Attributes:
        buffers: How many, at least `MIN_BUFFERS`.
        samples_per_buffer: Samples per channel in each: the block size.
        wrap_mode: What becomes of buffers that are done.
    """

    buffers: int = 4
    samples_per_buffer: int = 1000
    wrap_mode: WrapMode = WrapMode.MULTIPLE

    def __post_init__(self) -> None:
        if at_least_one("buffers", self.buffers) < MIN_BUFFERS:
            raise DaqValidationError(f"{self.buffers} buffers are too few; give at least {MIN_BUFFERS}")
        at_least_one("samples_per_buffer", self.samples_per_buffer)
