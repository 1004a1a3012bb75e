"""From what a library says to values that clients can be given."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.drivers.library.payload import plain
from gateway.model.points import ValueKind
from gateway.model.value import Value


def scalar(value: object, kind: ValueKind) -> Value:
    """A value of that kind, None where it is not what the settings say."""
    if value is None:
        return None
    value = plain(value)
    if kind is ValueKind.TEXT:
        return str(value)
    if isinstance(value, str | bytes):
        return None
    number = _number(value)
    if number is None or kind is ValueKind.FLOAT:
        return number
    if not number.is_integer():
        return None
    if kind is ValueKind.INTEGER:
        return int(number)
    return bool(number) if number in (0, 1) else None


def _number(value: Any) -> float | None:  # noqa: ANN401  whatever can be a number: numpy's, Decimal, Fraction
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def row_of(value: object) -> NDArray[np.float64] | None:
    """A row of samples as an array that nobody can change any more; None for anything else."""
    if not isinstance(value, np.ndarray | list | tuple):
        return None
    try:
        row = np.ascontiguousarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        return None
    if row.ndim != 1 or np.ndim(value) != 1:
        return None
    if isinstance(value, np.ndarray) and value.flags.writeable and np.may_share_memory(row, value):
        row = row.copy()
    row.flags.writeable = False
    return row


def mean(row: NDArray[np.float64]) -> float | None:
    """Mean of samples; None without any, or where one is not a finite number."""
    return _number(row.mean()) if row.size else None


def waveform(row: NDArray[np.float64], length: int) -> memoryview:
    """The first samples of a row, as many as clients can be given."""
    return row[:length].data
