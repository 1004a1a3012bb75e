"""Arrays of numbers as texts: what `number_text` gives for each element, without a turn of Python for each of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gateway.adapters.epics_ca.encoding import MOST_FIXED, PLAIN_UP_TO, STRING_SIZE, fixed, number_text
from gateway.adapters.epics_ca.row_form import Numbers

_ZERO, _POINT, _MINUS = b"0.-"

Characters = NDArray[np.uint8]


def texts(numbers: Numbers, precision: int) -> Characters:
    """Every number as a string of 40 bytes.

    Args:
        numbers: Shape (n,).
        precision: Decimals, at least 0.

    Returns:
        Shape (n, 40).
    """
    shown: Characters = np.zeros((len(numbers), STRING_SIZE), np.uint8)
    with np.errstate(invalid="ignore"):
        plain = np.abs(numbers) <= PLAIN_UP_TO if precision <= MOST_FIXED else np.zeros(len(numbers), np.bool_)
    if np.count_nonzero(plain) < len(numbers):
        for place in np.flatnonzero(~plain):
            shown[place] = np.frombuffer(fixed(number_text(float(numbers[place]), precision), STRING_SIZE), np.uint8)
        shown[plain] = _fixed_decimals(numbers[plain], precision)
        return shown
    return _fixed_decimals(numbers, precision)


def _fixed_decimals(numbers: Numbers, precision: int) -> Characters:
    """Texts of numbers up to 1e7 with up to 8 decimals; base cuts behind one decimal more, and rounds that."""
    magnitude = np.abs(numbers)
    whole = np.trunc(magnitude)
    scale = 10**precision
    fraction = (((magnitude - whole) * scale * 10).astype(np.int64) + 5) // 10
    digits, before_point = _digits(whole.astype(np.int64) * scale + fraction, precision)
    if precision:
        digits = np.insert(digits, digits.shape[1] - precision, _POINT, axis=1)
    shown: Characters = np.zeros((len(numbers), STRING_SIZE), np.uint8)
    negative = numbers < 0
    behind = precision + 1 if precision else 0
    for count in np.unique(before_point):
        length = int(count) + behind
        for sign in (0, 1):
            rows = np.flatnonzero((before_point == count) & (negative == bool(sign)))
            shown[rows, :sign] = _MINUS
            shown[rows, sign : sign + length] = digits[rows, digits.shape[1] - length :]
    return shown


def _digits(scaled: NDArray[np.int64], precision: int) -> tuple[Characters, NDArray[np.intp]]:
    """Decimal digits, as many for all; and how many of them stand before the point."""
    columns: list[NDArray[np.int64]] = []
    count = np.ones(len(scaled), np.intp)
    rest = scaled
    while len(columns) <= precision or rest.any():
        if len(columns) > precision:
            count += rest > 0
        rest, digit = np.divmod(rest, 10)
        columns.append(digit)
    return (np.stack(columns[::-1], axis=1) + _ZERO).astype(np.uint8), count
