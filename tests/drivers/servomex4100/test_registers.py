from __future__ import annotations

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.drivers.servomex4100.registers import register_bytes
from gateway.model.single import decimal_of_single


@pytest.mark.parametrize("value", [20.376, 20.378, 0.084, 0.25, 0.0, -0.012, 99999.0, 1e-4, 100.0, 123456.0])
def test_a_value_reads_as_the_instrument_shows_it(value: float):
    assert decimal_of_single(struct.pack(">f", value)) == value


@pytest.mark.parametrize(
    ("raw", "shortest"), [("41357218", 11.340355), ("414653f1", 12.3954935), ("3eaaaaab", 0.33333334)]
)
def test_no_more_digits_than_a_single_needs(raw: str, shortest: float):
    assert decimal_of_single(bytes.fromhex(raw)) == shortest


@pytest.mark.parametrize("raw", ["7f800000", "ff800000", "7fc00000", "7f800001", "ffffffff"])
def test_what_is_not_finite_is_no_value(raw: str):
    assert decimal_of_single(bytes.fromhex(raw)) is None


@pytest.mark.parametrize("raw", ["7f7fffff", "ff7fffff", "00000001", "00800000", "80000000"])
def test_the_limits_of_a_single_come_back_unchanged(raw: str):
    value = decimal_of_single(bytes.fromhex(raw))
    assert struct.pack(">f", value).hex() == raw


@given(st.binary(min_size=4, max_size=4))
def test_nothing_of_a_single_is_lost(raw: bytes):
    value = decimal_of_single(raw)
    if value is None:
        assert not math.isfinite(struct.unpack(">f", raw)[0])
    else:
        assert struct.pack(">f", value) == raw
        assert float(f"{value:.9g}") == value


@given(st.integers(-999_999, 999_999), st.integers(0, 6))
def test_six_digits_survive(digits: int, decimals: int):
    value = float(f"{digits}e-{decimals}")
    assert decimal_of_single(struct.pack(">f", value)) == value


def test_registers_travel_high_byte_first():
    assert register_bytes([0x41A3, 0x0625]) == bytes.fromhex("41a30625")
