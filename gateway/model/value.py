"""What a point can be worth."""

from __future__ import annotations

from array import array

Value = float | int | bool | str | memoryview | None
"""One value of a point, None where nothing is known.

An array of numbers is a read-only, one-dimensional, contiguous `memoryview` of format `d`: numpy, `struct` and the
engines of the protocols read it without a copy, and the model needs none of them.
"""

EMPTY_ARRAY = memoryview(array("d")).toreadonly()
"""No elements."""
