"""From the number in the registers to the value that people see, and back, in decimal arithmetic.

With binary floating point 1234 x 0.1 would read 123.4 on a good day and 123.40000000000001 on another.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal


@dataclass(frozen=True, slots=True)
class Scaling:
    """Value = number x scale + offset.

    Attributes:
        scale: Not 0.
        offset: In the unit of the value.
    """

    scale: float = 1.0
    offset: float = 0.0
    _scale: Decimal = field(init=False, repr=False, compare=False)
    _offset: Decimal = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_scale", Decimal(repr(self.scale)))
        object.__setattr__(self, "_offset", Decimal(repr(self.offset)))

    @property
    def is_identity(self) -> bool:
        """Whether the number is the value."""
        return self.scale == 1 and self.offset == 0

    @property
    def keeps_wholes(self) -> bool:
        """Whether whole numbers stay whole."""
        return self.scale == int(self.scale) and self.offset == int(self.offset)

    def value(self, number: float) -> Decimal:
        """The value of a finite number."""
        return Decimal(repr(number)) * self._scale + self._offset

    def number(self, value: float) -> Decimal:
        """The number of a finite value."""
        return (Decimal(repr(value)) - self._offset) / self._scale


def nearest_whole(number: Decimal) -> int:
    """The whole number next to it; the even one of two."""
    return int(number.to_integral_value(ROUND_HALF_EVEN))
