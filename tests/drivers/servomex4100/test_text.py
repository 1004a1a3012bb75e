from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.drivers.servomex4100.text import DisplayText


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (b"CO\x82   ", "CO2"),
        (b"CO2   ", "CO2"),
        (b"Oxygen", "Oxygen"),
        (b"CO dry", "CO dry"),
        (b"||||||", ""),
        (b"      ", ""),
        (b"\0\0\0\0\0\0", ""),
        (b"|  |  ", "|  |"),
        (b"N2\0\0\0\0", "N2"),
    ],
)
def test_names(raw: bytes, name: str):
    assert DisplayText().name(raw) == name


@pytest.mark.parametrize(
    ("raw", "unit"),
    [
        (b" % ", "%"),
        (b" % \0", "%"),
        (b"%\0\0\0", "%"),
        (b" mA\0", "mA"),
        (b"MA ", "mA"),
        (b"VPM", "vpm"),
        (b"ppm", "ppm"),
        (b"mg ", "mg"),
        (b"\0\0\0\0", ""),
    ],
)
def test_units(raw: bytes, unit: str):
    assert DisplayText().unit(raw) == unit


def test_an_unknown_code_is_handed_out_once():
    text = DisplayText()
    assert text.name(b"A\x9f\xfe\x82  ") != ""
    assert text.take_new_codes() == ("0x9F", "0xFE")
    text.name(b"B\x9f    ")
    text.unit(b"\xfd  ")
    assert text.take_new_codes() == ("0xFD",)
    assert text.take_new_codes() == ()


@given(st.binary(max_size=12))
def test_any_bytes_are_some_text_without_padding(raw: bytes):
    name = DisplayText().name(raw)
    assert name == name.strip(" \0")


def test_endless_new_names_do_not_grow_memory():
    text = DisplayText()
    for number in range(5000):
        assert text.name(b"%6d" % number) == str(number)
    assert len(text._texts) <= 256
