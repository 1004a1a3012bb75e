from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.drivers.servomex4100.continuous_frame import decode_frame
from gateway.drivers.servomex4100.read_plan import ReadPlan, Table, full_plan, strict_plan
from gateway.drivers.servomex4100.sweep import decode_sweep
from gateway.drivers.servomex4100.text import DisplayText
from gateway.errors import ProtocolError
from gateway.model.readings import AnalyserStatus, CalibrationGroup, ChannelStatus
from tests.drivers.servomex4100.frames import FIVE, SLOT_IDS, State, analyser_bits, frame, registers, slot_bits, states


def answers(plan: ReadPlan, state: State):
    tables = {Table.INPUT_REGISTERS: registers(state), Table.DISCRETE_INPUTS: slot_bits(state)}
    return [
        analyser_bits(state) if read.address == 1000 else tables[read.table][read.address : read.address + read.count]
        for read in plan.reads
    ]


def sweep(
    channels: Sequence[str],
    values: list[int] | None = None,
    bits: list[int] | None = None,
    own: list[int] | None = None,
):
    raw = [own or [0] * 16, bits or [0] * 80, values or [0] * 70]
    return decode_sweep(full_plan(channels), raw, DisplayText())


@given(states(), st.sampled_from([full_plan, strict_plan]))
def test_both_modes_say_the_same_of_the_same_state(state: State, make: Callable[[Sequence[str]], ReadPlan]):
    plan = make([channel.id for channel in state.channels])
    over_modbus = decode_sweep(plan, answers(plan, state), DisplayText())
    over_frame = decode_frame(frame(state, b""), DisplayText())
    assert replace(over_modbus.analyser, clock=over_frame.analyser.clock) == over_frame.analyser
    assert over_modbus.analyser.clock is None
    assert [replace(reading, raw=b"") for reading in over_modbus.readings] == [
        replace(reading, raw=b"") for reading in over_frame.readings
    ]


def test_readings_come_in_the_order_asked_for_with_the_bytes_of_their_value():
    plan = full_plan(("E2", "I1"))
    readings = decode_sweep(plan, answers(plan, FIVE), DisplayText()).readings
    assert [(reading.channel, reading.value) for reading in readings] == [("E2", 7.5), ("I1", 31.416)]
    assert readings[1].raw == struct.pack(">f", 31.416)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_register_value_that_is_not_finite_is_no_value(number: float):
    image = registers(FIVE)
    image[0:2] = struct.unpack(">2H", struct.pack(">f", number))
    reading = sweep(("I1",), image).readings[0]
    assert (reading.value, reading.name) == (None, "Methan")


def test_a_slot_that_is_not_populated_has_no_value_but_a_named_zero_has():
    image = [0] * 70
    image[2:7] = struct.unpack(">5H", b"Oxygen % \0")
    readings = sweep(("I1", "I4"), image).readings
    assert [reading.value for reading in readings] == [0.0, None]


@pytest.mark.parametrize(
    ("bit", "status"),
    [
        (0, ChannelStatus(fault=True)),
        (1, ChannelStatus(maintenance=True)),
        (2, ChannelStatus(calibrating=True)),
        (3, ChannelStatus(warming_up=True)),
        (4, ChannelStatus(alarms=(True, False, False, False))),
        (7, ChannelStatus(alarms=(False, False, False, True))),
    ],
)
def test_status_bits_of_transducers_and_derived_channels(bit: int, status: ChannelStatus):
    for first, channel in ((8, "I2"), (40, "D2")):
        bits = [0] * 80
        bits[first + bit] = 1
        assert sweep((channel,), bits=bits).readings[0].status == status


def test_a_derived_channel_shows_the_states_of_its_transducer_but_its_own_alarms():
    bits = [0] * 80
    bits[16:24] = [1, 1, 1, 1, 1, 1, 1, 1]
    bits[48 + 5] = 1
    expected = ChannelStatus(
        fault=True, maintenance=True, calibrating=True, warming_up=True, alarms=(False, True, False, False)
    )
    other, derived = sweep(("D1", "D3"), bits=bits).readings
    assert derived.status == expected
    assert other.status == ChannelStatus()


def test_reserved_bits_of_an_external_input_are_not_heeded():
    bits = [0] * 80
    bits[72:80] = [1, 1, 1, 1, 0, 0, 0, 1]
    expected = ChannelStatus(invalid=True, alarms=(False, False, False, True))
    assert sweep(("E2",), bits=bits).readings[0].status == expected


def test_the_analyser_bits():
    own = [1, 0, 1, 1, 1, 1, 1, 1, 0, 1, 1, 0, 1, 1, 0, 0]
    groups = (
        CalibrationGroup(False, 2),
        CalibrationGroup(True, 1),
        CalibrationGroup(True, 2),
        CalibrationGroup(False, 1),
    )
    assert sweep((), own=own).analyser == AnalyserStatus(fault=True, maintenance=False, groups=groups)
    assert sweep((), own=[0, 1, *[0] * 14]).analyser.maintenance


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ([[0] * 16, [0] * 80], "cannot have 2 answers"),
        ([[0] * 16, [0] * 80, [0] * 69], "input registers 0 to 69: asked for 70"),
        ([[0] * 16, [0] * 88, [0] * 70], "discrete inputs 0 to 79: asked for 80"),
        ([[0] * 16, [0] * 80, [65536] * 70], "not a number from 0 to 65535"),
        ([[2] * 16, [0] * 80, [0] * 70], "discrete inputs 1000 to 1015: a discrete input is neither"),
    ],
)
def test_an_answer_of_the_wrong_shape_is_a_protocol_error(raw: list[list[int]], told: str):
    with pytest.raises(ProtocolError, match=told):
        decode_sweep(full_plan(SLOT_IDS), raw, DisplayText())


_registers = st.lists(st.integers(0, 65535), min_size=70, max_size=70)


@given(_registers, st.lists(st.integers(0, 1), min_size=96, max_size=96))
def test_any_registers_and_bits_decode(values: list[int], bits: list[int]):
    for reading in sweep(SLOT_IDS, values, bits[:80], bits[80:]).readings:
        assert len(reading.raw) == 4
        assert reading.name == reading.name.strip(" \0")
