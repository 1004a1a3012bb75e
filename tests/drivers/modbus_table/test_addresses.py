"""Places: the three notations of vendors, and what is said about mistakes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.drivers.modbus_table.addresses import Span, Table, parse_place

COIL, DISCRETE, INPUT, HOLDING = Table


@pytest.mark.parametrize(
    ("text", "first", "place"),
    [
        ("holding 0", 0, (HOLDING, 0)),
        ("holding 1", 1, (HOLDING, 0)),
        ("input 0x0C", 0, (INPUT, 12)),
        ("coil 65536", 1, (COIL, 65535)),
        ("holding 40001", 0, (HOLDING, 40001)),
        ("number 40001", 0, (HOLDING, 0)),
        ("number 40001", 1, (HOLDING, 0)),
        ("number 30012", 0, (INPUT, 11)),
        ("number 10001", 0, (DISCRETE, 0)),
        ("number 9", 0, (COIL, 8)),
        ("number 465536", 0, (HOLDING, 65535)),
        ("number 300001", 0, (INPUT, 0)),
    ],
)
def test_places(text: str, first: int, place: tuple[Table, int]) -> None:
    assert parse_place(text, first) == place


@pytest.mark.parametrize(
    ("text", "first", "said"),
    [
        ("40001", 0, "does not say which table it is in; write 'holding 40001'.* or 'number 40001'"),
        ("holding 0", 1, "addresses are 1 to 65536 with first_address: 1"),
        ("holding 65536", 0, "addresses are 0 to 65535 with first_address: 0, and a number .* 'number 40001'"),
        ("number 20001", 0, "no number 20001 in the data model; coils begin at 1"),
        ("number 465537", 0, "no number 465537"),
        ("number 0", 0, "no number 0"),
        ("register 5", 0, "is no place; write a table and an address"),
        ("holding", 0, "is no place"),
        ("holding -1", 0, "is no place"),
    ],
)
def test_mistakes(text: str, first: int, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_place(text, first)


@given(st.sampled_from(list(Table)), st.integers(0, 65535))
def test_numbers_name_the_place_that_they_were_made_from(table: Table, address: int) -> None:
    number = int(table.number(address))
    if table is COIL and address >= 9999:  # a coil's sixth digit is a 0, which a number does not show
        assert number == address + 1
    else:
        assert parse_place(f"number {number}", 0) == (table, address)


def test_spans_as_people_read_them() -> None:
    assert str(Span(HOLDING, 0, 2)) == "holding registers 40001 and 40002 (PDU addresses 0 and 1)"
    assert str(Span(INPUT, 10, 3)) == "input registers 30011 to 30013 (PDU addresses 10 to 12)"
    assert str(Span(COIL, 8)) == "coil 00009 (PDU address 8)"
    assert str(Span(DISCRETE, 9999)) == "discrete input 110000 (PDU address 9999)"
