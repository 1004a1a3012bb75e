"""Checks of numbers given by callers: refused where they are given, with the name of the argument."""

from __future__ import annotations

import math
from numbers import Integral, Real


def positive(name: str, value: object) -> float:
    """`value` as a finite number greater than 0.

    Raises:
        ValueError: It is something else (a bool, None, text, NaN and infinity included).
    """
    number = finite(name, value)
    if number <= 0:
        raise ValueError(f"{name} must be > 0, got {value!r}")
    return number


def finite(name: str, value: object) -> float:
    """`value` as a finite number.

    Raises:
        ValueError: It is something else.
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ValueError(f"{name} must be a finite number, got {value!r}")  # noqa: TRY004 - one error type for callers
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(f"{name} must be a finite number, got {value!r}")
    return number


def at_least_one(name: str, value: object) -> int:
    """`value` as a whole number of at least 1.

    Raises:
        ValueError: It is something else.
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise ValueError(f"{name} must be a whole number >= 1, got {value!r}")
    return int(value)
