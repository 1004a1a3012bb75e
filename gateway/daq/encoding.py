"""Converter codes and physical values: code * scale + offset, in the type that the driver really delivers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.daq.errors import DaqValidationError


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a driver's numbers stand for values at the converter.

    The type says whether codes are signed; reading offset binary as signed would turn +2.2 V into -17.8 V.

    Attributes:
        dtype: Of the samples in the buffers.
        scale: Converter's unit per code.
        offset: Converter's value of code 0.
    """

    dtype: np.dtype[Any] = field(default_factory=lambda: np.dtype(np.float64))
    scale: float = 1.0
    offset: float = 0.0

    @classmethod
    def offset_binary(cls, bits: int, low: float, high: float) -> Encoding:
        """Unsigned codes from `low` (code 0) up to one step below `high`, as most converters have them."""
        dtype = np.dtype(np.uint16 if bits <= 16 else np.uint32)
        return cls(dtype, (high - low) / 2**bits, low)

    def encode(self, values: NDArray[np.float64]) -> NDArray[Any]:
        """Nearest codes; the upper end of a converter's range, one step above its last code, gives that code.

        Args:
            values: Finite, at the converter.

        Raises:
            DaqValidationError: A value is beyond the converter's ends, so that something else would be put out.
        """
        if self.dtype.kind == "f":
            return ((values - self.offset) / self.scale).astype(self.dtype)
        codes = np.rint((values - self.offset) / self.scale)
        ends = np.iinfo(self.dtype)
        if codes.size and (codes.min() < ends.min or codes.max() > ends.max + 1):
            low, high = ends.min * self.scale + self.offset, (ends.max + 1) * self.scale + self.offset
            raise DaqValidationError(
                f"the converter reaches from {low:g} to {high:g}, not to {values.min():g} or {values.max():g}",
                hint="give the channels the limits that the device has",
            )
        return np.clip(codes, ends.min, ends.max).astype(self.dtype)
