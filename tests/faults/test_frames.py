"""Frames are cut, damaged and re-addressed as the proxy promises."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.drivers.servomex4100.continuous_frame import decode_frame
from gateway.drivers.servomex4100.text import DisplayText
from gateway.errors import ProtocolError
from gateway.model.readings import ProtocolKind
from gateway.simulator.ascii_framing import AsciiFraming
from gateway.simulator.continuous_frame import encode_frame
from gateway.simulator.framing import Framing, Request
from gateway.simulator.instrument import Instrument
from gateway.simulator.mbap_framing import MbapFraming
from gateway.simulator.rtu_framing import RtuFraming, crc16
from gateway.simulator.settings import InstrumentSettings
from gateway.testing.virtual_clock import VirtualClock
from tests.faults.frames import FrameCutter, address_of, with_address, with_bit_flipped

FRAMINGS: dict[ProtocolKind, Framing] = {
    ProtocolKind.MODBUS_RTU: RtuFraming(),
    ProtocolKind.MODBUS_ASCII: AsciiFraming(),
    ProtocolKind.MODBUS_TCP: MbapFraming(),
}
MODBUS = sorted(FRAMINGS)
CONTINUOUS = encode_frame(Instrument(InstrumentSettings(), VirtualClock()).state())

units = st.integers(1, 247)
answers = st.one_of(
    st.tuples(st.sampled_from([1, 2, 4]), st.binary(max_size=140)).map(lambda a: bytes([a[0], len(a[1])]) + a[1]),
    st.tuples(st.sampled_from([5, 8]), st.binary(min_size=4, max_size=4)).map(lambda a: bytes([a[0]]) + a[1]),
    st.tuples(st.sampled_from([0x81, 0x84]), st.integers(1, 11)).map(bytes),
)


def encoded(protocol: ProtocolKind, unit: int, pdu: bytes) -> bytes:
    return FRAMINGS[protocol].encode(Request(unit, b"", transaction=7), pdu)


@pytest.mark.parametrize("protocol", [*MODBUS, ProtocolKind.CONTINUOUS])
@given(st.lists(st.tuples(units, answers), max_size=4), st.lists(st.integers(0, 600), max_size=6))
def test_how_the_stream_is_cut_makes_no_difference(
    protocol: ProtocolKind, sent: list[tuple[int, bytes]], cuts: list[int]
) -> None:
    modbus = protocol in FRAMINGS
    frames = [encoded(protocol, *each) if modbus else CONTINUOUS for each in sent]
    stream = b"".join(frames)
    cutter = FrameCutter(protocol, answers=True)
    places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    pieces = [stream[begin:end] for begin, end in pairwise(places)]
    assert [frame for piece in pieces for frame in cutter.feed(piece)] == frames


@given(units, answers, st.integers(0, 10_000))
def test_one_flipped_bit_breaks_the_check_of_rtu(unit: int, pdu: bytes, bit: int) -> None:
    frame = encoded(ProtocolKind.MODBUS_RTU, unit, pdu)
    assert crc16(frame) == 0
    assert crc16(with_bit_flipped(ProtocolKind.MODBUS_RTU, frame, bit)) != 0


@given(units, answers, st.integers(0, 10_000))
def test_one_flipped_bit_breaks_the_check_of_ascii_or_is_lower_case(unit: int, pdu: bytes, bit: int) -> None:
    frame = encoded(ProtocolKind.MODBUS_ASCII, unit, pdu)
    flipped = with_bit_flipped(ProtocolKind.MODBUS_ASCII, frame, bit)
    assert flipped != frame
    if flipped.upper() == frame.upper() or flipped[:1] != b":" or flipped[-2:] != b"\r\n":
        return
    digits = flipped[1:-2]
    try:
        body = bytes.fromhex(digits.decode())
    except (UnicodeDecodeError, ValueError):
        return
    assert len(body) * 2 < len(digits) or sum(body) & 0xFF


@given(st.integers(0, 8 * len(CONTINUOUS) - 1))
def test_one_flipped_bit_yields_no_other_reading_of_a_continuous_frame(bit: int) -> None:
    flipped = with_bit_flipped(ProtocolKind.CONTINUOUS, CONTINUOUS, bit)
    assert flipped != CONTINUOUS
    for line in flipped.split(b"\n"):
        try:
            frame = decode_frame(line.removesuffix(b"\r"), DisplayText())
        except ProtocolError:
            continue
        assert frame == decode_frame(CONTINUOUS.removesuffix(b"\r\n"), DisplayText())


@given(units, answers, st.integers(0, 10_000))
def test_modbus_tcp_keeps_its_data(unit: int, pdu: bytes, bit: int) -> None:
    frame = encoded(ProtocolKind.MODBUS_TCP, unit, pdu)
    flipped = with_bit_flipped(ProtocolKind.MODBUS_TCP, frame, bit)
    assert flipped != frame
    assert flipped[7:] == frame[7:]


@pytest.mark.parametrize("protocol", MODBUS)
@given(unit=units, other=units, pdu=answers)
def test_another_address_with_a_right_check(protocol: ProtocolKind, unit: int, other: int, pdu: bytes) -> None:
    frame = with_address(protocol, encoded(protocol, unit, pdu), other)
    assert frame == encoded(protocol, other, pdu)
    assert address_of(protocol, frame) == other
