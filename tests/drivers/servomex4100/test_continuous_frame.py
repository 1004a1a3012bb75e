from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.drivers.servomex4100.continuous_frame import decode_frame, frame_length
from gateway.drivers.servomex4100.text import DisplayText
from gateway.errors import ProtocolError
from tests.drivers.servomex4100.frames import EXTERNALS, FIVE, Channel, State, frame, sealed, states


def decode(state: State):
    return decode_frame(frame(state, b""), DisplayText())


def reason(line: bytes):
    with pytest.raises(ProtocolError) as caught:
        decode_frame(line, DisplayText())
    return str(caught.value).split(" [")[0]


def resealed(old: bytes, new: bytes, state: State = FIVE):
    body = frame(state, b"")[1:-5]
    assert old in body
    return sealed(body.replace(old, new, 1), b"")


def test_every_field_of_a_frame():
    decoded = decode(FIVE)
    assert [reading.channel for reading in decoded.readings] == ["I1", "I2", "I3", "E1", "E2"]
    assert [reading.name for reading in decoded.readings] == ["Methan", "N2O", "CO2", "", ""]
    assert [reading.value for reading in decoded.readings] == [31.416, 271.0, -0.125, 0.0, 7.5]
    assert [reading.unit for reading in decoded.readings] == ["%", "vpm", "%", "mA", "mA"]
    assert decoded.readings[1].raw == b"  271 "
    assert decoded.analyser.clock == datetime(2031, 8, 9, 17, 45, 6)
    assert len(decoded.analyser.groups) == 4


@pytest.mark.parametrize("channels", range(3, 8))
def test_frame_length(channels: int):
    inner = tuple(Channel(identity) for identity in ("I1", "I2", "I3", "I4", "D1")[: channels - 2])
    assert len(frame(State((*inner, *EXTERNALS)))) == frame_length(channels) == 41 + 33 * channels


@pytest.mark.parametrize(
    "text",
    ["nan", "inf", "1e3", "1_0", "0x10", "1.", ".5", "--1", "1 2", "", "1,5", "+", "\u0662".encode().decode("latin-1")],
)
def test_only_plain_decimals_are_numbers(text: str):
    state = replace(FIVE, channels=(Channel("I1", value=text), *EXTERNALS))
    assert decode(state).readings[0].value is None


def test_a_sign_and_padding_on_both_sides_are_allowed():
    assert decode(replace(FIVE, channels=(Channel("I1", value="+1.5  "), *EXTERNALS))).readings[0].value == 1.5


@pytest.mark.parametrize("clock", ["31-02-24;00:00:00", "01-01-24;24:00:00", "        ;        ", "1 -01-24;00:00:00"])
def test_a_clock_that_is_no_date_is_absent(clock: str):
    assert decode(replace(FIVE, clock=clock)).analyser.clock is None


def test_an_unusable_external_input_is_invalid_not_failed():
    state = replace(FIVE, channels=(FIVE.channels[0], replace(EXTERNALS[0], failed=True), EXTERNALS[1]))
    status = decode(state).readings[1].status
    assert (status.invalid, status.fault) == (True, False)


def test_an_alarm_is_up_whatever_character_says_so():
    state = replace(FIVE, channels=(Channel("I1", alarms=" *  "), *EXTERNALS))
    assert decode(state).readings[0].status.alarms == (False, True, False, False)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b"", "frame byte 0, start: the frame does not start"),
        (b" ", "frame byte 0, checksum"),
        (sealed(b"", b""), "header: the frame ends inside its header"),
        (resealed(b";05;", b";08;"), "frame byte 31, number of channels: the number of channels is not 03 to 07"),
        (resealed(b";05;", b"; 5;"), "number of channels: the number of channels is not 03 to 07"),
        (resealed(b";05;", b";04;"), "number of channels: 4 channels need 39 fields, the frame has 47"),
        (resealed(b"Methan", b"Metha"), "frame byte 37, I1 name: the field is 5 characters wide instead of 6"),
        (resealed(b"I2", b"I5"), "frame byte 67, I5 identity: there is no such channel"),
        (resealed(b"I2", b"I1"), "identity: a channel occurs twice"),
        (resealed(b"E1", b"I4"), "identity: the external inputs E1 and E2 are not the last"),
        (resealed(b"06;  ;", b"06;X ;"), "frame byte 19, analyser flags: the flags are not"),
        (resealed(b"S1S1", b"S3S1"), "calibration groups: the groups are not"),
        (resealed(b" % ;    ;", b" % ;\x01   ;"), "I1 alarms: the flag is not one of this field"),
        (resealed(b" % ;    ;  ;", b" % ;    ;MF;"), "I1 flags: the flag"),
        (resealed(b" % ;    ;  ; ;", b" % ;    ;  ;W;"), "I1 calibrating: the flag"),
        (resealed(b" % ;    ;  ; ; ;", b" % ;    ;  ; ;C;"), "I1 warming up: the flag"),
        (frame(FIVE, b"\r"), "checksum: the frame does not end in"),
    ],
)
def test_a_bad_frame_says_why_and_where(line: bytes, told: str):
    assert told in reason(line)


@given(st.binary(max_size=600))
def test_arbitrary_bytes_are_refused_with_a_protocol_error(noise: bytes):
    for line in (noise, b" " + noise, sealed(noise, b"")):
        with pytest.raises(ProtocolError):
            decode_frame(line, DisplayText())


@given(states(), st.data())
def test_every_single_damaged_byte_is_noticed(state: State, data: st.DataObject):
    line = bytearray(frame(state, b""))
    place = data.draw(st.integers(0, len(line) - 1))
    line[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(ProtocolError):
        decode_frame(bytes(line), DisplayText())


@given(states(), st.data())
def test_damage_that_keeps_the_sum_gives_a_frame_or_a_protocol_error(state: State, data: st.DataObject):
    body = bytearray(frame(state, b"")[1:-5])
    first, second = data.draw(st.integers(0, len(body) - 1)), data.draw(st.integers(0, len(body) - 1))
    body[first], body[second] = body[second], body[first]
    try:
        readings = decode_frame(sealed(bytes(body), b""), DisplayText()).readings
    except ProtocolError:
        return
    identities = [reading.channel for reading in readings]
    assert len(set(identities)) == len(state.channels)
    assert identities[-2:] == ["E1", "E2"]


@given(states())
def test_what_was_written_is_what_is_read(state: State):
    decoded = decode(state)
    assert decoded.analyser.fault == state.failed
    assert decoded.analyser.maintenance == state.maintenance
    for channel, reading in zip(state.channels, decoded.readings, strict=True):
        status = reading.status
        assert reading.channel == channel.id
        assert reading.value == (None if "--" in channel.value else float(channel.value))
        assert reading.raw == f"{channel.value:>6}".encode()
        assert (status.fault or status.invalid) == channel.failed
        assert (status.maintenance, status.calibrating) == (channel.maintenance, channel.calibrating)
        assert (status.warming_up, status.alarms) == (channel.warming_up, tuple(up != " " for up in channel.alarms))
