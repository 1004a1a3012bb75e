from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.drivers.servomex4100.checksum import checksum, checksum_holds, parse_checksum


@given(st.binary(max_size=600))
def test_a_plain_sum_wraps_at_sixteen_bits_and_cannot_see_order(covered: bytes):
    assert checksum(covered) == sum(covered) % 65536 == checksum(bytes(sorted(covered)))


def test_the_sum_wraps():
    assert checksum(b"\xff" * 258) == 258 * 255 - 65536


@pytest.mark.parametrize("field", [b"1e79", b"+1E7", b"1_E7", b" 1E7", b"1E7", b"01E79", b"", b"1E7\n"])
def test_only_four_upper_case_digits_are_a_checksum(field: bytes):
    assert parse_checksum(field) is None


def test_a_checksum_is_hexadecimal():
    assert parse_checksum(b"1E79") == 0x1E79


@given(st.binary(max_size=40))
def test_any_line_can_be_asked_whether_its_checksum_holds(line: bytes):
    sealed = b" " + line + f"{sum(line) % 65536:04X};".encode()
    assert checksum_holds(sealed)
    assert not checksum_holds(sealed[:-1])
    checksum_holds(line)
