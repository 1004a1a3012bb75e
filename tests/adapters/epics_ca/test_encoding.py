"""Bytes of every DBR type, against an independent description of the structures."""

from __future__ import annotations

import math
import struct
from typing import Any

import caproto
import pytest
from caproto._dbr import DBR_TYPES, native_type
from hypothesis import given
from hypothesis import strategies as st

from gateway.adapters.epics_ca.adapter import ChannelAccessAdapter
from gateway.adapters.epics_ca.encoding import (
    LAYOUT,
    Condition,
    Display,
    Metadata,
    Native,
    clipped,
    encode_number,
    encode_text,
    head,
    number_text,
)
from gateway.adapters.epics_ca.record_factory import make_record
from gateway.adapters.epics_ca.records import epics_time
from gateway.adapters.epics_ca.values import GET_FAILED, NORMAL
from gateway.errors import AdapterError
from gateway.model.points import PointSpec, ValueKind
from gateway.model.quality import State

CONDITION = Condition(4, 1, 1_000_000_000, 123_456_000)
DISPLAY = Display("mg/m3", 2, (100.0, 1.0, 90.0, 80.0, 20.0, 10.0, 99.0, 2.0), ("No", "Yes"))


@pytest.mark.parametrize("dbr_type", sorted(LAYOUT))
def test_metadata_read_back_by_the_structures_of_another_implementation(dbr_type: int):
    metadata, native = LAYOUT[dbr_type]
    if metadata is Metadata.NONE:
        assert head(metadata, native, CONDITION, DISPLAY) == b""
        return
    number = caproto.ChannelType(7 if metadata is not Metadata.TIME and native is Native.STRING else dbr_type)
    assert native_type(number) == native
    encoded = head(metadata, native, CONDITION, DISPLAY)
    structure = DBR_TYPES[number]
    seen = structure.from_buffer_copy(encoded)
    assert len(encoded) == len(bytes(seen))
    assert (seen.status, seen.severity) == (4, 1)
    if metadata is Metadata.TIME:
        assert (seen.stamp.secondsSinceEpoch, seen.stamp.nanoSeconds) == (1_000_000_000, 123_456_000)
    if hasattr(seen, "upper_disp_limit") and native is not Native.CHAR:
        assert seen.units == b"mg/m3"
        limits = [seen.upper_disp_limit, seen.lower_disp_limit, seen.upper_alarm_limit, seen.upper_warning_limit]
        limits += [seen.lower_warning_limit, seen.lower_alarm_limit]
        if metadata is Metadata.CTRL:
            limits += [seen.upper_ctrl_limit, seen.lower_ctrl_limit]
        assert limits == list(DISPLAY.limits)[: len(limits)]
    if hasattr(seen, "precision"):
        assert seen.precision == 2
    if hasattr(seen, "no_str"):
        assert (seen.no_str, seen.strs[0].value, seen.strs[1].value) == (2, b"No", b"Yes")


@given(st.floats() | st.integers(), st.sampled_from(Native), st.integers(0, 20))
def test_any_number_fits_any_type(value: float, native: Native, precision: int):
    sizes = {Native.STRING: 40, Native.INT: 2, Native.FLOAT: 4, Native.ENUM: 2, Native.CHAR: 1, Native.LONG: 4}
    assert len(encode_number(value, native, precision)) == sizes.get(native, 8)


@pytest.mark.parametrize(
    ("value", "native", "seen"),
    [
        (1e300, Native.LONG, 2**31 - 1),
        (-1e300, Native.INT, -(2**15)),
        (-1.0, Native.CHAR, 0),
        (math.nan, Native.LONG, 0),
        (2.9, Native.LONG, 2),
        (-2.9, Native.LONG, -2),
        (10**400, Native.DOUBLE, math.inf),
    ],
)
def test_numbers_that_do_not_fit_go_to_the_nearest(value: float, native: Native, seen: float):
    layout = {Native.LONG: ">i", Native.INT: ">h", Native.CHAR: ">B", Native.DOUBLE: ">d"}[native]
    assert struct.unpack(layout, encode_number(value, native)) == (seen,)


@pytest.mark.parametrize(
    ("value", "precision", "text"),
    [
        (20.9, 3, "20.900"),
        (20.956, 0, "21"),
        (5, 0, "5"),
        (2**63 - 1, 0, str(2**63 - 1)),
        (12345678.5, 6, "12345678.500"),
        (1e17, 2, " 1.00e+17"),
        (1.5, 9, " 1.500000000e+00"),
        (math.nan, 2, "nan"),
        (-math.inf, 2, "     -inf"),
        (-2.5, 0, "-3"),
        (2.345, 2, "2.35"),
        (0.999, 2, "1.00"),
        (-0.001, 2, "-0.00"),
    ],
)
def test_numbers_as_text(value: float, precision: int, text: str):
    assert number_text(value, precision) == text


@given(st.text(), st.integers(1, 60))
def test_a_clipped_text_ends_with_a_whole_character(text: str, size: int):
    encoded = clipped(text, size)
    assert len(encoded) < size
    assert b"\0" not in encoded
    encoded.decode()


def test_a_text_that_is_no_number_is_all_zeros_with_an_error():
    record = make_record("T", PointSpec(("A",), ValueKind.TEXT, ""), 0)
    record.show("no number", State.GOOD, 1, 2)
    assert record.payload(20, 0) == (GET_FAILED, 1, bytes(24))
    assert record.payload(14, 0)[0] == NORMAL


def test_long_strings_are_as_long_as_asked_and_always_closed():
    record = make_record("T", PointSpec(("A",), ValueKind.TEXT, ""), 0)
    record.show("x" * 300, State.GOOD, 1, 2)
    assert encode_text("x" * 300, Native.CHAR) == b"x" * 255 + b"\0"
    assert record.payload(4, 0)[1:] == (256, b"x" * 255 + b"\0")
    record.show("abc", State.GOOD, 1, 2)
    assert record.payload(4, 0)[1:] == (4, b"abc\0\0\0\0\0")
    assert record.payload(4, 2)[1:] == (2, b"a\0\0\0\0\0\0\0")
    assert record.payload(4, 6)[1:] == (6, b"abc\0\0\0\0\0")
    assert record.payload(4, 2**31)[1] == 256


@pytest.mark.parametrize(("native", "dbr_type"), [(ValueKind.FLOAT, 20), (ValueKind.INTEGER, 20)])
def test_the_short_way_makes_the_same_bytes_as_the_long_one(native: ValueKind, dbr_type: int):
    record = make_record("T", PointSpec(("A",), native, "", unit="%", precision=2), 0)
    record.show(7, State.HIGH, 1_000_000_000, 5000)
    assert record.event(dbr_type, 1) == super(type(record).__mro__[1], record).event(dbr_type, 1)


@given(st.integers(631_152_000_000_000, (631_152_000 + 2**32) * 10**6 - 1))
def test_time_keeps_every_microsecond(unix_us: int):
    seconds, nanoseconds = epics_time(unix_us)
    assert (seconds + 631_152_000) * 10**6 + nanoseconds // 1000 == unix_us
    assert 0 <= seconds < 2**32


def test_time_before_the_epoch_is_the_epoch():
    assert epics_time(0) == (0, 0)


@pytest.mark.parametrize(
    "wrong", [{"I1": "text"}, {"I1": True}, {"I1:Name": 1.0}, {"I1:Fault": 1}, {"Status:Tick": 1.0}]
)
def test_a_value_of_the_wrong_kind_is_refused_as_a_whole(adapter: ChannelAccessAdapter, update: Any, wrong: Any):
    adapter.apply(update({"I1": 1.0, "Plain": 1.0}))
    with pytest.raises(AdapterError, match="cannot be shown as"):
        adapter.apply(update({"I1": 2.0, "Plain": 2.0, **wrong}))
    assert adapter._records["T:stack:Plain"].payload(6, 1)[2] == struct.pack(">d", 1.0)
