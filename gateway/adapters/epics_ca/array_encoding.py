"""Arrays of numbers as Channel Access puts them on the wire: one pass from the buffer of the value to the message."""

from __future__ import annotations

import numpy as np

from gateway.adapters.epics_ca.array_texts import texts
from gateway.adapters.epics_ca.encoding import ELEMENT_SIZE, STRING_SIZE, Native
from gateway.adapters.epics_ca.row_form import Numbers, row_form


def array_body(begin: bytes, numbers: Numbers, native: Native, count: int, precision: int = 0) -> memoryview:
    """What goes before the elements, and the elements; padded to eight bytes, read-only.

    Args:
        begin: What goes before.
        numbers: Shape (n,).
        native: Type of the elements.
        count: How many; zeros stand for those that there are not.
        precision: Decimals of texts.
    """
    place, size = len(begin), len(begin) + count * ELEMENT_SIZE[native]
    body = bytearray(size + -size % 8)
    body[:place] = begin
    sent = numbers[:count]
    form = row_form(native)
    if form is None:
        target = np.frombuffer(body, np.uint8, STRING_SIZE * len(sent), place)
        target.reshape(len(sent), STRING_SIZE)[:] = texts(sent, precision)
    else:
        np.frombuffer(body, form.row["value"], len(sent), place)[:] = form.converted(sent)
    return memoryview(body).toreadonly()
