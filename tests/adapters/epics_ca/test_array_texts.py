"""Arrays as texts: element for element what a single number gives."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gateway.adapters.epics_ca.array_texts import texts
from gateway.adapters.epics_ca.encoding import STRING_SIZE, fixed, number_text

ELEMENTS = st.one_of(st.floats(), st.floats(-1e7, 1e7), st.floats(-2, 2), st.integers(-(10**7), 10**7).map(float))


@given(values=st.lists(ELEMENTS, max_size=30), precision=st.integers(0, 12))
def test_an_array_reads_as_its_elements_do(values: list[float], precision: int):
    shown = texts(np.array(values, np.float64), precision)
    assert shown.shape == (len(values), STRING_SIZE)
    assert shown.tobytes() == b"".join(fixed(number_text(value, precision), STRING_SIZE) for value in values)
