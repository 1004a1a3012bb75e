"""When samples were really taken: a running regression of the device's done messages, in fixed memory."""

from __future__ import annotations

import math

MEMORY_NS = 300e9
"""Age at which a block counts a third. Crystals drift with temperature, over minutes; and over minutes even messages
that a busy machine delivers 100 ms late say little about the rate."""

EXPECTED_JITTER_NS = 1e6
EXPECTED_RATE_ERROR = 1e-3
"""How far messages and crystals are usually off. Until the blocks span long enough to tell a wrong rate from late
messages, the nominal rate is believed."""


class BlockTimes:
    """Line through the points (number of the sample after a block's last, time of its done message).

    A sample's time is that of the start of its period: sample k is taken at `start + k * period`, and the message of a
    block of n samples is due at `start + n * period`.

    Args:
        rate_hz: Nominal scan rate.
    """

    def __init__(self, rate_hz: float) -> None:
        self._nominal_ns = 1e9 / rate_hz
        self._prior = (EXPECTED_JITTER_NS / (EXPECTED_RATE_ERROR * self._nominal_ns)) ** 2
        self._origin: tuple[int, int] | None = None
        self._weight = 0.0
        self._mean_x = 0.0
        self._mean_residual = 0.0
        self._sxx = 0.0
        self._sxr = 0.0
        self._last_x = 0.0

    @property
    def period_ns(self) -> float:
        """Fitted sample period."""
        return self._nominal_ns + self._slope

    @property
    def rate_hz(self) -> float:
        """Fitted scan rate."""
        return 1e9 / self.period_ns

    @property
    def _slope(self) -> float:
        slope: float = self._sxr / (self._sxx + self._prior)
        return slope

    def observe(self, end_sample: int, done_ns: int) -> None:
        """Take in a block.

        Args:
            end_sample: Number of the sample after its last one.
            done_ns: Monotonic time of its done message.
        """
        if self._origin is None:
            self._origin = (end_sample, done_ns)
        x = float(end_sample - self._origin[0])
        residual = done_ns - self._origin[1] - x * self._nominal_ns
        kept = math.exp(-abs(x - self._last_x) * self._nominal_ns / MEMORY_NS)
        self._last_x = x
        self._weight = self._weight * kept + 1
        from_old_mean = x - self._mean_x
        self._mean_x += from_old_mean / self._weight
        self._mean_residual += (residual - self._mean_residual) / self._weight
        self._sxx = self._sxx * kept + from_old_mean * (x - self._mean_x)
        self._sxr = self._sxr * kept + from_old_mean * (residual - self._mean_residual)

    def interrupted(self) -> None:
        """An unknown number of samples is missing: begin a new line with the rate learned so far."""
        self._nominal_ns = self.period_ns
        self._origin = None
        self._weight = self._mean_x = self._mean_residual = self._sxx = self._sxr = self._last_x = 0.0

    def time_of(self, sample: int) -> int:
        """Monotonic time of a sample, in ns.

        Raises:
            ValueError: Nothing has been observed yet.
        """
        if self._origin is None:
            raise ValueError("no block has been observed yet")
        x = sample - self._origin[0]
        fitted = x * self._nominal_ns + self._mean_residual + self._slope * (x - self._mean_x)
        return self._origin[1] + round(fitted)
