"""Types and orders: golden values worked out by hand, libmodbus as a witness, and back again."""

from __future__ import annotations

import ctypes
import math
import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.drivers.modbus_table.encoding import (
    FLOATS,
    decode_number,
    decode_text,
    encode_number,
    integer_range,
    ordered_bytes,
    ordered_registers,
    register_count,
)
from gateway.drivers.modbus_table.scaling import Scaling, nearest_whole
from gateway.drivers.modbus_table.settings import Order, RegisterType

T, ORDER = RegisterType, Order

GOLDEN = [
    (T.U16, ORDER.ABCD, [0xFFFE], 65534),
    (T.U16, ORDER.DCBA, [0x3412], 0x1234),
    (T.S16, ORDER.ABCD, [0x8000], -32768),
    (T.U32, ORDER.ABCD, [0x0001, 0x0000], 65536),
    (T.U32, ORDER.CDAB, [0x0000, 0x0001], 65536),
    (T.U32, ORDER.BADC, [0x0100, 0x0000], 65536),
    (T.U32, ORDER.DCBA, [0x0000, 0x0100], 65536),
    (T.S32, ORDER.ABCD, [0xFFFF, 0xFFFE], -2),
    (T.S32, ORDER.CDAB, [0xFFFE, 0xFFFF], -2),
    (T.U64, ORDER.ABCD, [0x0102, 0x0304, 0x0506, 0x0708], 0x0102030405060708),
    (T.U64, ORDER.CDAB, [0x0708, 0x0506, 0x0304, 0x0102], 0x0102030405060708),
    (T.U64, ORDER.BADC, [0x0201, 0x0403, 0x0605, 0x0807], 0x0102030405060708),
    (T.U64, ORDER.DCBA, [0x0807, 0x0605, 0x0403, 0x0201], 0x0102030405060708),
    (T.S64, ORDER.ABCD, [0xFFFF, 0xFFFF, 0xFFFF, 0xFFFD], -3),
    (T.F32, ORDER.ABCD, [0x41A3, 0x020C], 20.376),
    (T.F32, ORDER.CDAB, [0xD47A, 0x43E8], 465.65997),  # worked example of the GMP252 User Guide M211897EN, appendix A.3
    (T.F32, ORDER.ABCD, [0x7FC0, 0x0000], None),
    (T.F32, ORDER.ABCD, [0xFF80, 0x0000], None),
    (T.F64, ORDER.ABCD, [0x4009, 0x21FB, 0x5444, 0x2D18], math.pi),
    (T.F64, ORDER.CDAB, [0x2D18, 0x5444, 0x21FB, 0x4009], math.pi),
    (T.F64, ORDER.ABCD, [0x7FF8, 0x0000, 0x0000, 0x0000], None),
    (T.BCD16, ORDER.ABCD, [0x1234], 1234),
    (T.BCD16, ORDER.ABCD, [0x12A4], None),
    (T.BCD32, ORDER.ABCD, [0x1234, 0x5678], 12345678),
    (T.BCD32, ORDER.CDAB, [0x5678, 0x1234], 12345678),
    (T.BOOL, ORDER.ABCD, [0x0100], 1),
    (T.BOOL, ORDER.ABCD, [0x0000], 0),
]


@pytest.mark.parametrize(("kind", "order", "registers", "number"), GOLDEN)
def test_golden(kind: RegisterType, order: Order, registers: list[int], number: float | None) -> None:
    assert register_count(kind, 0) == len(registers)
    found = decode_number(kind, ordered_bytes(registers, order))
    assert found == number
    assert type(found) is type(number)
    if number is not None and kind is not T.BOOL:
        assert ordered_registers(encode_number(kind, number), order) == tuple(registers)


@st.composite
def typed_numbers(draw: st.DrawFn) -> tuple[RegisterType, float]:
    kind = draw(st.sampled_from([kind for kind in RegisterType if kind is not T.STRING]))
    if kind in FLOATS:
        return kind, draw(st.floats(allow_nan=False, allow_infinity=False, width=32 if kind is T.F32 else 64))
    return kind, draw(st.integers(*integer_range(kind)))


@given(typed_numbers(), st.sampled_from(list(Order)))
def test_every_number_comes_back(typed: tuple[RegisterType, float], order: Order) -> None:
    kind, number = typed
    registers = ordered_registers(encode_number(kind, number), order)
    assert len(registers) == register_count(kind, 0)
    assert all(0 <= register <= 0xFFFF for register in registers)
    back = decode_number(kind, ordered_bytes(registers, order))
    assert back is not None
    if kind is T.F32:
        assert struct.pack(">f", back) == struct.pack(">f", number)
    else:
        assert back == number


@given(st.tuples(st.integers(0, 0xFFFF), st.integers(0, 0xFFFF)), st.sampled_from(list(Order)))
@example((0xD47A, 0x43E8), ORDER.CDAB)
def test_singles_are_those_of_libmodbus(registers: tuple[int, int], order: Order) -> None:
    get = getattr(ctypes.CDLL("libmodbus.so.5"), f"modbus_get_float_{order.lower()}")
    get.restype = ctypes.c_float
    witness: float = get((ctypes.c_uint16 * 2)(*registers))
    found = decode_number(T.F32, ordered_bytes(registers, order))
    if not math.isfinite(witness):
        assert found is None
    else:
        assert found is not None
        assert struct.pack(">f", found) == struct.pack(">f", witness)


def test_texts() -> None:
    assert decode_text([0x4142, 0x4300], 4, ORDER.ABCD) == "ABC"
    assert decode_text([0x4241, 0x0043], 4, ORDER.DCBA) == "ABC"
    assert decode_text([0x4241, 0x0043], 4, ORDER.BADC) == "ABC"
    assert decode_text([0x4142, 0x4344], 3, ORDER.CDAB) == "ABC"
    assert decode_text([0x2041, 0x0A42, 0x2020], 6, ORDER.ABCD) == "A?B"
    assert decode_text([0, 0], 4, ORDER.ABCD) == ""
    assert register_count(T.STRING, 5) == 3


@pytest.mark.parametrize(
    ("kind", "number"),
    [(T.U16, -1), (T.U16, 65536), (T.S16, 32768), (T.BCD16, 10000), (T.BCD32, -1), (T.F32, 3.5e38), (T.BOOL, 2)],
)
def test_what_does_not_fit_is_refused(kind: RegisterType, number: float) -> None:
    with pytest.raises(ValueError, match=f"{kind}"):
        encode_number(kind, number)


def test_scaling_is_decimal() -> None:
    assert float(Scaling(0.1).value(1234)) == 123.4
    assert float(Scaling(0.1, -40).value(603)) == 20.3
    assert nearest_whole(Scaling(0.1, -40).number(20.3)) == 603
    assert nearest_whole(Scaling(0.01).number(0.285)) == 28  # a tie goes to the even one
    assert Scaling(10.0).keeps_wholes
    assert not Scaling(0.1).keeps_wholes


@given(
    st.integers(-(2**31), 2**31), st.sampled_from([0.001, 0.01, 0.1, 0.25, 2.0, 10.0]), st.sampled_from([0.0, -273.15])
)
def test_a_scaled_number_comes_back(number: int, scale: float, offset: float) -> None:
    scaling = Scaling(scale, offset)
    assert nearest_whole(scaling.number(float(scaling.value(number)))) == number
