"""Parts of values, against what Python's own slices say."""

from __future__ import annotations

from typing import Any

import pytest
from asyncua import ua
from asyncua.common.utils import ServiceError
from hypothesis import given
from hypothesis import strategies as st

from gateway.adapters.opcua.engine.index_range import cut, parse_index_range

INVALID, NO_DATA = ua.StatusCodes.BadIndexRangeInvalid, ua.StatusCodes.BadIndexRangeNoData
WRONG = [
    "",
    ",",
    "1,",
    ":",
    "1:",
    ":1",
    "2:1",
    "1:1",
    "-1",
    "-1:2",
    "a",
    "1 ",
    "0x1",
    "1:2:3",
    "٣",
    "1" * 11,
    "0," * 33 + "0",
]


@pytest.mark.parametrize("text", WRONG)
def test_what_is_no_index_range(text: str) -> None:
    with pytest.raises(ServiceError) as error:
        parse_index_range(text)
    assert error.value.code == INVALID


def _cut(value: Any, kind: ua.VariantType, text: str) -> Any:
    return cut(ua.Variant(value, kind), parse_index_range(text)).Value


@given(st.lists(st.integers(0, 255), max_size=12), st.integers(0, 14), st.integers(0, 14))
def test_arrays_and_byte_strings_are_cut_as_python_cuts(values: list[int], low: int, more: int) -> None:
    text = f"{low}:{low + more}" if more else str(low)
    for whole in (values, bytes(values)):
        expected = whole[low : low + more + 1]
        kind = ua.VariantType.Byte if whole is values else ua.VariantType.ByteString
        if expected:
            assert _cut(whole, kind, text) == expected
        else:
            with pytest.raises(ServiceError) as error:
                _cut(whole, kind, text)
            assert error.value.code == NO_DATA


def test_matrices_keep_their_shape() -> None:
    rows = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    whole = ua.Variant(rows, ua.VariantType.Int32)
    part = cut(whole, parse_index_range("1:2,0:1"))
    assert (part.Value, part.Dimensions, part.is_array) == ([[4, 5], [7, 8]], [2, 2], True)
    assert cut(whole, parse_index_range("2,2")).Value == [[9]]
    assert cut(whole, parse_index_range("1:9,2:9")).Value == [[6], [9]]
    assert whole.Value == rows
    for text in ("1", "0,3", "3,0", "0,0,0"):
        with pytest.raises(ServiceError) as error:
            cut(whole, parse_index_range(text))
        assert error.value.code == NO_DATA


def test_strings_of_an_array_have_a_dimension_more() -> None:
    names = ["oxygen", "carbon"]
    assert _cut(names, ua.VariantType.String, "0:1,0:1") == ["ox", "ca"]
    assert _cut(names, ua.VariantType.String, "1") == ["carbon"]
    assert _cut("oxygen", ua.VariantType.String, "2:3") == "yg"


@pytest.mark.parametrize("value", [1.5, True, 7])
def test_a_number_has_no_parts(value: object) -> None:
    with pytest.raises(ServiceError) as error:
        cut(ua.Variant(value), parse_index_range("0"))
    assert error.value.code == NO_DATA
