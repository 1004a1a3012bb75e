"""Requests and answers without a wire: data model, coils and exceptions."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import SettingsError
from gateway.simulator import ChannelSettings, FaultKind, InstrumentSettings
from gateway.simulator.instrument import Instrument
from gateway.simulator.modbus_slave import ModbusSlave
from gateway.simulator.signals import Constant
from gateway.simulator.slots import SLOTS

EVERY_SLOT = {slot: ChannelSettings(slot, "%", 2, Constant(index + 0.5)) for index, slot in enumerate(SLOTS)}


def slave_of(clock: Any, **settings: Any) -> ModbusSlave:
    return ModbusSlave(Instrument(InstrumentSettings(**settings), clock))


@pytest.fixture
def slave(clock: Any) -> ModbusSlave:
    return slave_of(clock)


def read_bits(slave: ModbusSlave, address: int, count: int, function: int = 2) -> list[int]:
    answer = slave.answer(struct.pack(">BHH", function, address, count))
    assert answer[0] == function
    assert answer[1] == len(answer) - 2 == (count + 7) // 8
    return [answer[2 + index // 8] >> index % 8 & 1 for index in range(count)]


def test_answers_in_order_equal_the_vectors(slave: ModbusSlave, modbus_vectors: dict[str, Any]) -> None:
    for vector in modbus_vectors["tcp"]:
        request, response = bytes.fromhex(vector["request"])[7:], bytes.fromhex(vector["response"])[7:]
        assert slave.answer(request) == response, vector["op"]


def test_ten_channels(clock: Any) -> None:
    answer = slave_of(clock, channels=EVERY_SLOT).answer(b"\x04\0\0\0\x46")
    values = [struct.unpack_from(">f", answer, 2 + 14 * index)[0] for index in range(10)]
    names = [answer[6 + 14 * index : 12 + 14 * index] for index in range(10)]
    assert values == [index + 0.5 for index in range(10)]
    assert names == [slot.encode().ljust(6) for slot in SLOTS]


def test_no_value_is_not_a_number(slave: ModbusSlave) -> None:
    slave.instrument.switch_on(FaultKind.NO_VALUE, "I1")
    (value,) = struct.unpack(">f", slave.answer(b"\x04\0\0\0\x02")[2:])
    assert math.isnan(value)


def test_written_subscript_uses_the_display_code(clock: Any) -> None:
    slave = slave_of(clock, channels={"I1": ChannelSettings("SO₂", "vpm")})
    assert slave.answer(b"\x04\0\x02\0\x03")[2:] == b"SO\x82   "


@pytest.mark.parametrize(
    ("kind", "channel", "bits"),
    [
        (FaultKind.FAULT, "I1", [0, 32]),
        (FaultKind.MAINTENANCE, "I2", [9, 41]),
        (FaultKind.CALIBRATING, "I3", [18, 50]),
        (FaultKind.WARMING_UP, "I4", [27, 59]),
        (FaultKind.INVALID, "E1", [64]),
        (FaultKind.ALARM_1, "I1", [4]),
        (FaultKind.ALARM_2, "D2", [45]),
        (FaultKind.ALARM_4, "E2", [79]),
    ],
)
def test_status_bits(kind: FaultKind, channel: str, bits: list[int], clock: Any) -> None:
    slave = slave_of(clock, channels=EVERY_SLOT)
    slave.instrument.switch_on(kind, channel)
    assert [index for index, bit in enumerate(read_bits(slave, 0, 80)) if bit] == bits
    slave.instrument.switch_off(kind, channel)
    assert not any(read_bits(slave, 0, 80))


def test_analyser_bits(slave: ModbusSlave) -> None:
    slave.instrument.switch_on(FaultKind.ANALYSER_MAINTENANCE)
    assert read_bits(slave, 1000, 16)[:2] == [0, 1]
    slave.instrument.switch_on(FaultKind.ANALYSER_FAULT)
    assert read_bits(slave, 1000, 2) == [1, 1]
    slave.instrument.clear_faults()
    assert not any(read_bits(slave, 1000, 16))


@pytest.mark.parametrize(
    ("kind", "channel", "message"),
    [
        (FaultKind.INVALID, "I1", "invalid cannot be set on I1"),
        (FaultKind.FAULT, "E1", "fault cannot be set on E1"),
        (FaultKind.FAULT, None, "name it"),
        (FaultKind.SILENT, "I1", "leave the channel out"),
        (FaultKind.ALARM_1, "D4", "no such channel"),
    ],
)
def test_impossible_faults_are_refused(slave: ModbusSlave, kind: FaultKind, channel: str | None, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        slave.instrument.switch_on(kind, channel)


def test_progress_of_a_calibration(slave: ModbusSlave, clock: Any) -> None:
    def groups() -> list[int]:
        return read_bits(slave, 1008, 8)

    slave.answer(b"\x05\0\x01\xff\0")
    seen = [(groups()[2:4], read_bits(slave, 10, 1))]
    for seconds in (30, 30, 15):
        clock.advance(seconds)
        seen.append((groups()[2:4], read_bits(slave, 10, 1)))
    assert seen == [([1, 0], [1]), ([1, 1], [1]), ([0, 0], [1]), ([0, 0], [0])]


def test_held_coil_makes_no_second_edge(slave: ModbusSlave, clock: Any) -> None:
    slave.answer(b"\x05\0\0\xff\0")
    clock.advance(100)
    slave.answer(b"\x05\0\0\xff\0")
    assert read_bits(slave, 1008, 2) == [0, 0]
    assert read_bits(slave, 0, 1, function=1) == [1], "only the master writes it back"
    slave.answer(b"\x05\0\0\0\0")
    slave.answer(b"\x05\0\0\xff\0")
    assert read_bits(slave, 1008, 2) == [1, 0]


def test_second_start_does_not_restart_a_running_group(slave: ModbusSlave, clock: Any) -> None:
    slave.answer(b"\x05\0\0\xff\0")
    clock.advance(40)
    slave.answer(b"\x05\0\0\0\0")
    slave.answer(b"\x05\0\0\xff\0")
    assert read_bits(slave, 1008, 2) == [1, 1]


def test_stop_coil_stops_every_group(slave: ModbusSlave) -> None:
    assert slave.answer(b"\x0f\0\0\0\x04\x01\x0f") == b"\x0f\0\0\0\x04"
    assert read_bits(slave, 1008, 8) == [1, 0] * 4
    slave.answer(b"\x05\0\x08\xff\0")
    assert read_bits(slave, 1008, 8) == [0] * 8


def test_reserved_coils_stay_clear(slave: ModbusSlave) -> None:
    slave.answer(b"\x0f\0\0\0\x09\x02\xf1\x00")
    assert read_bits(slave, 0, 9, function=1) == [1, 0, 0, 0, 0, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("request_hex", "answer_hex"),
    [
        ("0300000001", "8301"),
        ("0600000001", "8601"),
        ("2b0e0100", "ab01"),
        ("080001abcd", "8801"),
        ("0400450002", "8402"),
        ("0400000047", "8402"),
        ("0200000051", "8202"),
        ("0203e70001", "8202"),
        ("0203f80001", "8202"),
        ("0203e80011", "8202"),
        ("0100090001", "8102"),
        ("050009ff00", "8502"),
        ("0f00080002010f", "8f02"),
        ("0400000000", "8403"),
        ("040000007e", "8403"),
        ("02000007d1", "8203"),
        ("05000012ab", "8503"),
        ("0f000000020200ff", "8f03"),
        ("0f00000002", "8f03"),
        ("04000000", "8403"),
        ("05", "8503"),
        ("0800", "8803"),
    ],
)
def test_exceptions(request_hex: str, answer_hex: str, slave: ModbusSlave) -> None:
    assert slave.answer(bytes.fromhex(request_hex)).hex() == answer_hex


def test_narrow_reads_refuse_empty_slots_only(slave: ModbusSlave) -> None:
    slave.instrument.switch_on(FaultKind.NARROW_READS)
    requests: Sequence[tuple[str, bool]] = [
        ("0400000046", False),
        ("0200000050", False),
        ("0400000015", True),
        ("040038000e", True),
        ("0200000018", True),
        ("0200400010", True),
        ("0203e80010", True),
        ("0400150001", False),
    ]
    for request, allowed in requests:
        answer = slave.answer(bytes.fromhex(request))
        assert (answer[0] < 0x80) is allowed, request
        assert allowed or answer[1] == 2


@given(request=st.binary(min_size=1, max_size=253))
def test_any_request_gets_an_answer(request: bytes) -> None:
    from gateway.model.stamp import Stamp

    class Stopped:
        def monotonic_ns(self) -> int:
            return 0

        def stamp(self) -> Stamp:
            return Stamp(0, 0)

        async def sleep_until(self, monotonic_ns: int) -> None:
            raise NotImplementedError

    answer = slave_of(Stopped()).answer(request)
    assert answer[0] & 0x7F == request[0] & 0x7F
    assert 2 <= len(answer) <= 253
