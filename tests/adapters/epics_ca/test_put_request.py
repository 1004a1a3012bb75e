"""Values of puts and names of users, without the engine's server."""

from __future__ import annotations

import math
from contextlib import suppress
from struct import pack
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.adapters.epics_ca.client_name import client_name
from gateway.adapters.epics_ca.put_request import PutRefusedError, numbers, whole_number
from gateway.model.asker import LONGEST_USER

STRING, INT, FLOAT, ENUM, CHAR, LONG, DOUBLE = range(7)
RANGES = {INT: ("h", -(2**15), 2**15), ENUM: ("H", 0, 2**16), CHAR: ("B", 0, 2**8), LONG: ("i", -(2**31), 2**31)}


@given(st.sampled_from(sorted(RANGES)), st.data())
def test_every_integer_type_comes_through(dbr_type: int, data: st.DataObject):
    code, low, end = RANGES[dbr_type]
    number = data.draw(st.integers(low, end - 1))
    assert whole_number(dbr_type, 1, pack(f">{code}", number) + bytes(6)) == number
    assert whole_number(STRING, 1, f" {number} \0garbage".encode()) == number


@given(st.floats())
def test_a_double_is_taken_only_if_it_is_whole(number: float):
    data = pack(">d", number)
    if math.isfinite(number) and number == int(number):
        assert whole_number(DOUBLE, 1, data) == number
    else:
        with pytest.raises(PutRefusedError, match="a whole number is needed"):
            whole_number(DOUBLE, 1, data)


@given(st.integers(0, 2**16), st.integers(0, 2**32), st.binary(max_size=50))
def test_garbage_is_a_whole_number_or_refused(dbr_type: int, count: int, data: bytes):
    for garbage_type in (dbr_type, dbr_type % 7):
        for garbage_count in (count, 1):
            with suppress(PutRefusedError):
                assert isinstance(whole_number(garbage_type, garbage_count, data, ("No", "Yes")), int)


def test_a_text_may_name_a_state():
    assert [whole_number(STRING, 1, text, ("No", "Yes")) for text in (b"No", b"Yes\0", b"1")] == [0, 1, 1]
    with pytest.raises(PutRefusedError, match="No or Yes or a whole number is needed"):
        whole_number(STRING, 1, b"yes", ("No", "Yes"))
    with pytest.raises(PutRefusedError, match="a whole number is needed"):
        whole_number(STRING, 1, "\N{ARABIC-INDIC DIGIT TWO}".encode())


class CountedBytes(bytes):
    """Counts the bytes of the slices that are taken of it."""

    copied = 0

    def __getitem__(self, key: Any) -> Any:
        part = super().__getitem__(key)
        self.copied += len(part)
        return part


def test_texts_of_an_array_are_read_in_one_pass():
    data = CountedBytes(b"".join(f"{number}.5".encode().ljust(40, b"\0") for number in range(500))[:-30])
    assert list(numbers(STRING, 500, data, 500)) == [number + 0.5 for number in range(500)]
    assert data.copied == len(data)


@given(st.binary(max_size=300))
def test_a_user_name_is_short_and_printable(payload: bytes):
    user = client_name(payload)
    assert len(user) <= LONGEST_USER
    assert user.isprintable()


def test_a_doctored_user_name_is_nobodys():
    assert client_name("Jürgen".encode() + bytes(8)) == "Jürgen"
    assert client_name(b"") == ""
    assert client_name(b"oper\nator\0") == "oper?ator"
    assert client_name(b"o" * LONGEST_USER) == "o" * LONGEST_USER
    assert client_name(b"o" * (LONGEST_USER + 1)) == "o" * (LONGEST_USER - 1) + "\N{HORIZONTAL ELLIPSIS}"
    assert client_name("oper\N{RIGHT-TO-LEFT OVERRIDE}ator".encode()) == "oper?ator"
