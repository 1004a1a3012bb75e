"""The output gate: the whole matrix of values, bands and confirmation, and its order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from gateway.daq import OutputChannel
from gateway.daq.encoding import Encoding
from gateway.daq.errors import DaqConfirmationRequiredError, DaqError, DaqValidationError
from gateway.daq.output_gate import OutputGate, at_converter

OK, CONFIRM, REFUSED = None, DaqConfirmationRequiredError, DaqValidationError

MATRIX = [
    # value, requires_confirm, safe band, without confirm, with confirm
    (11.0, True, (-1, 1), REFUSED, REFUSED),
    (11.0, False, (-1, 1), REFUSED, REFUSED),
    (-10.001, False, None, REFUSED, REFUSED),
    (2.0, True, (-1, 1), CONFIRM, OK),
    (2.0, False, (-1, 1), CONFIRM, OK),
    (0.5, True, (-1, 1), CONFIRM, OK),
    (0.5, False, (-1, 1), OK, OK),
    (1.0, False, (-1, 1), OK, OK),
    (10.0, True, None, CONFIRM, OK),
    (10.0, False, None, OK, OK),
    (float("nan"), True, None, REFUSED, REFUSED),
    (float("inf"), False, (-1, 1), REFUSED, REFUSED),
]


@pytest.mark.parametrize(("value", "needs", "band", "without", "with_it"), MATRIX)
def test_matrix(
    value: float,
    needs: bool,
    band: tuple[float, float] | None,
    without: type[DaqError] | None,
    with_it: type[DaqError] | None,
) -> None:
    low, high = band or (None, None)
    channel = OutputChannel(name="ao0", requires_confirm=needs, safe_min=low, safe_max=high)
    for confirm, expected in ((False, without), (True, with_it)):
        gate = OutputGate((channel,), confirm=confirm)
        chunk = np.array([[0.0, value, 0.0]])
        if expected is None:
            gate.check(chunk)
        else:
            with pytest.raises(expected) as caught:
                gate.check(chunk)
            assert type(caught.value) is expected


def test_a_value_that_no_confirmation_lifts_is_named_first() -> None:
    """A NaN in the second channel wins over a range error in the first, and that over a missing confirmation."""
    channels = (OutputChannel(name="ao0"), OutputChannel(name="ao1"))
    gate = OutputGate(channels, confirm=False)
    with pytest.raises(DaqValidationError, match="channel ao1, sample 1: nan V is no finite number"):
        gate.check(np.array([[11.0, 0.0], [0.0, np.nan]]))
    with pytest.raises(DaqValidationError, match="channel ao0, sample 0: 11 V is outside of -10 to 10"):
        gate.check(np.array([[11.0, 0.0], [0.0, 0.0]]))


values = st.floats(-20, 20) | st.sampled_from([np.nan, np.inf, -np.inf, 10.0, -10.0, np.nextafter(10.0, 11.0)])


@settings(deadline=None)
@given(
    arrays.arrays(np.float64, st.tuples(st.just(2), st.integers(1, 20)), elements=values),
    st.booleans(),
    st.booleans(),
    st.none() | st.tuples(st.floats(-10, 0), st.floats(0, 10)),
)
def test_what_passes_is_what_the_rules_allow(
    chunk: np.ndarray, confirm: bool, needs: bool, band: tuple[float, float] | None
) -> None:
    low, high = band or (None, None)
    channels = [OutputChannel(name=name, requires_confirm=needs, safe_min=low, safe_max=high) for name in ("a", "b")]
    inside = all(-10 <= value <= 10 for value in chunk.ravel().tolist())
    safe = band is None or all(band[0] <= value <= band[1] for value in chunk.ravel().tolist())
    try:
        OutputGate(channels, confirm=confirm).check(chunk)
    except DaqValidationError:
        assert not inside
    except DaqConfirmationRequiredError:
        assert inside
        assert not confirm
        assert needs or not safe
    else:
        assert inside
        assert confirm or (safe and not needs)


@settings(deadline=None)
@given(arrays.arrays(np.float64, (2, 30), elements=st.floats(-10, 10)))
def test_codes_are_the_nearest_and_never_wrap(chunk: np.ndarray) -> None:
    encoding = Encoding.offset_binary(16, -10.0, 10.0)
    channels = [OutputChannel(name=name) for name in ("a", "b")]
    codes = at_converter(chunk, channels, encoding)
    assert codes.shape == (30, 2)
    back = codes.T * encoding.scale + encoding.offset
    assert np.all(np.abs(back - chunk) <= encoding.scale * (0.5 + 1e-9) + encoding.scale * (chunk > 9.9998))


def test_channels_refuse_bands_that_are_none() -> None:
    with pytest.raises(DaqValidationError, match="safe band"):
        OutputChannel(name="ao0", safe_min=-11)
    with pytest.raises(DaqValidationError, match="below max_val"):
        OutputChannel(name="ao0", min_val=1, max_val=1)
    with pytest.raises(DaqValidationError, match="safe_value"):
        OutputChannel(name="ao0", safe_min=-1, safe_max=1, safe_value=2)
    with pytest.raises(ValueError, match="safe_value"):
        OutputChannel(name="ao0", safe_value=float("nan"))
    assert OutputChannel(name="ao0", min_val=4, max_val=20).rest_value == 4
