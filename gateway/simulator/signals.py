"""What a simulated transducer sees: pure functions of the seconds since the instrument was switched on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Protocol

_MASK = 0xFFFF_FFFF_FFFF_FFFF
_HORIZON_LEVELS = 32
_NORMAL = NormalDist()


class Signal(Protocol):
    """A quantity over time, in the unit of its channel."""

    def at(self, elapsed_s: float) -> float:
        """Value `elapsed_s` seconds after the start; the same argument always gives the same value."""
        ...


@dataclass(frozen=True, slots=True)
class Constant:
    """Always the same value."""

    value: float

    def at(self, elapsed_s: float) -> float:
        """See `Signal`."""
        del elapsed_s
        return self.value


@dataclass(frozen=True, slots=True)
class Sine:
    """A sine around `mean`, starting upwards."""

    mean: float
    amplitude: float
    period_s: float

    def at(self, elapsed_s: float) -> float:
        """See `Signal`."""
        return self.mean + self.amplitude * math.sin(math.tau * (elapsed_s % self.period_s) / self.period_s)


@dataclass(frozen=True, slots=True)
class Ramp:
    """A saw tooth from `start` towards `end`, then again from `start`."""

    start: float
    end: float
    period_s: float

    def at(self, elapsed_s: float) -> float:
        """See `Signal`."""
        return self.start + (self.end - self.start) * (elapsed_s % self.period_s) / self.period_s


@dataclass(frozen=True, slots=True)
class Square:
    """`low` for the first half of each period, `high` for the second."""

    low: float
    high: float
    period_s: float

    def at(self, elapsed_s: float) -> float:
        """See `Signal`."""
        return self.low if elapsed_s % self.period_s < self.period_s / 2 else self.high


@dataclass(frozen=True, slots=True)
class RandomWalk:
    """A Gaussian random walk between two reflecting walls.

    The walk is built by halving a horizon of 2**32 steps (Levy's construction of Brownian motion), so any instant
    costs 32 draws, nothing is remembered, and a month of simulation needs no more memory than a second.

    Attributes:
        start: First value.
        step: Standard deviation of one step.
        low: Lower wall.
        high: Upper wall, above `low`.
        interval_s: Seconds per step; the value is held in between.
        seed: Walks of different seeds are independent.
    """

    start: float
    step: float
    low: float
    high: float
    interval_s: float = 1.0
    seed: float = 0.0

    def at(self, elapsed_s: float) -> float:
        """See `Signal`."""
        free = self.start + self.step * _brownian(int(self.seed), int(elapsed_s // self.interval_s))
        span = self.high - self.low
        folded = (free - self.low) % (2 * span)
        return self.low + min(folded, 2 * span - folded)


def _brownian(seed: int, step: int) -> float:
    """Standard Brownian motion at a whole step; zero at step 0."""
    left, size = 0, 1 << _HORIZON_LEVELS
    step = max(0, min(step, size))
    at_left, at_right = 0.0, math.sqrt(size) * _normal(seed, 0, size)
    while left < step < left + size:
        size //= 2
        middle = left + size
        at_middle = (at_left + at_right) / 2 + math.sqrt(size / 2) * _normal(seed, middle, size)
        if step < middle:
            at_right = at_middle
        else:
            left, at_left = middle, at_middle
    return at_left if step == left else at_right


def _normal(seed: int, position: int, size: int) -> float:
    """A standard normal number that depends on nothing but the arguments."""
    mixed = _mix(_mix(_mix(seed & _MASK) ^ position) ^ size)
    return _NORMAL.inv_cdf((mixed + 1) / (_MASK + 2)) if 0 < mixed < _MASK else 0.0


def _mix(number: int) -> int:
    """Spread a 64-bit integer over all its bits (the finaliser known as splitmix64)."""
    number = (number + 0x9E37_79B9_7F4A_7C15) & _MASK
    number = ((number ^ (number >> 30)) * 0xBF58_476D_1CE4_E5B9) & _MASK
    number = ((number ^ (number >> 27)) * 0x94D0_49BB_1331_11EB) & _MASK
    return number ^ (number >> 31)
