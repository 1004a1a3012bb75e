"""Frames are found in what was heard, judged against pymodbus' own framers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymodbus.framer import FramerAscii, FramerRTU, FramerSocket
from pymodbus.pdu import DecodePDU, ExceptionResponse, ModbusPDU
from pymodbus.pdu.bit_message import ReadDiscreteInputsResponse, WriteSingleCoilResponse
from pymodbus.pdu.register_message import ReadInputRegistersResponse

from gateway.model.readings import ProtocolKind
from gateway.wire.modbus_frames import answer_frames, crc16

FRAMERS = {
    ProtocolKind.MODBUS_RTU: FramerRTU,
    ProtocolKind.MODBUS_ASCII: FramerAscii,
    ProtocolKind.MODBUS_TCP: FramerSocket,
}
protocols = st.sampled_from(list(FRAMERS))
answers = st.one_of(
    st.builds(
        lambda words: ReadInputRegistersResponse(registers=words),
        st.lists(st.integers(0, 65535), min_size=1, max_size=70),
    ),
    st.builds(lambda bits: ReadDiscreteInputsResponse(bits=bits), st.lists(st.booleans(), min_size=1, max_size=80)),
    st.builds(
        lambda address, on: WriteSingleCoilResponse(address=address, bits=[on]), st.integers(0, 8), st.booleans()
    ),
    st.builds(lambda code: ExceptionResponse(4, exception_code=code), st.integers(1, 11)),
)


def on_the_wire(protocol: ProtocolKind, unit: int, answer: ModbusPDU) -> bytes:
    answer.dev_id, answer.transaction_id = unit, 7
    return FRAMERS[protocol](DecodePDU(is_server=False)).buildFrame(answer)


@given(protocols, st.lists(st.tuples(st.integers(1, 247), answers), max_size=3))
def test_whole_frames_are_found_one_after_the_other(protocol: ProtocolKind, sent: list[tuple[int, ModbusPDU]]) -> None:
    data = b"".join(on_the_wire(protocol, unit, answer) for unit, answer in sent)
    frames, rest = answer_frames(protocol, data)
    assert rest == b""
    assert [frame.unit for frame in frames] == [unit for unit, _ in sent]
    assert [frame.data[0] & 0x7F for frame in frames] == [answer.function_code & 0x7F for _, answer in sent]


@given(st.sampled_from([ProtocolKind.MODBUS_RTU, ProtocolKind.MODBUS_ASCII]), answers, st.data())
def test_one_flipped_bit_is_always_damage(protocol: ProtocolKind, answer: ModbusPDU, data: st.DataObject) -> None:
    wire = bytearray(on_the_wire(protocol, 30, answer))
    place = data.draw(st.integers(0, len(wire) - 1))
    wire[place] ^= 1 << data.draw(st.integers(0, 7))
    frames, rest = answer_frames(protocol, bytes(wire))
    if protocol is ProtocolKind.MODBUS_ASCII and not frames:
        return
    assert rest or bytes(wire[place : place + 1]).swapcase() == on_the_wire(protocol, 30, answer)[place : place + 1]


@given(protocols, st.binary(max_size=300))
def test_noise_is_left_over_and_nothing_is_raised(protocol: ProtocolKind, noise: bytes) -> None:
    frames, rest = answer_frames(protocol, noise)
    assert sum(frame.length for frame in frames) + len(rest) == len(noise)


def test_the_check_of_the_reference() -> None:
    assert crc16(bytes.fromhex("1e080000abcd")).to_bytes(2, "little") == bytes.fromhex("5cc1")
    assert answer_frames(ProtocolKind.MODBUS_RTU, bytes.fromhex("1e8402f307"))[0][0].data == bytes.fromhex("8402")


@pytest.mark.parametrize("protocol", FRAMERS)
def test_half_a_frame_is_left_over(protocol: ProtocolKind) -> None:
    whole = on_the_wire(protocol, 30, ReadInputRegistersResponse(registers=[1, 2, 3]))
    for length in range(len(whole)):
        assert answer_frames(protocol, whole[:length]) == ([], whole[:length])
