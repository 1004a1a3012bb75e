"""The reference vectors of both wire modes say the same to this decoder as to the one they were made with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.drivers.servomex4100.continuous_frame import decode_frame
from gateway.drivers.servomex4100.read_plan import full_plan
from gateway.drivers.servomex4100.sweep import decode_sweep
from gateway.drivers.servomex4100.text import DisplayText
from gateway.errors import ProtocolError
from gateway.model.readings import CalibrationGroup, ChannelStatus
from tests.drivers.servomex4100 import frames

VECTORS = Path(__file__).parents[2] / "vectors"
CONTINUOUS = json.loads((VECTORS / "servomex-continuous-frames.json").read_text())["vectors"]
MODBUS = json.loads((VECTORS / "servomex-modbus-vectors.json").read_text())
REASONS = {
    "bad_checksum_bitflip": "carries checksum 1E79, its bytes add up to 1E78",
    "truncated": "does not end in four",
    "tail_only": "carries checksum 1E79",
    "count_mismatch": "5 channels need 47 fields, the frame has 31",
    "no_start_space": "does not start with a space",
    "lowercase_checksum": "does not end in four upper-case",
}


def decoded(name: str):
    vector = next(vector for vector in CONTINUOUS if vector["name"] == name)
    return decode_frame(bytes.fromhex(vector["hex"]).rstrip(b"\r\n"), DisplayText())


@pytest.mark.parametrize("vector", CONTINUOUS, ids=lambda vector: vector["name"])
def test_a_frame_is_valid_or_not_as_stated(vector: dict[str, Any]):
    if vector["name"] in REASONS:
        assert vector["valid"] is not True
        with pytest.raises(ProtocolError, match=REASONS[vector["name"]]):
            decoded(vector["name"])
    else:
        assert vector["valid"] is not False
        values = [float(text) for text in vector["text"].split(";")[7:-2:8] if "-" not in text.lstrip()[1:]]
        assert [reading.value for reading in decoded(vector["name"]).readings if reading.value is not None] == values


def test_states_of_the_made_up_frames():
    assert decoded("analyser_fault").analyser.fault
    assert decoded("analyser_maint").analyser.maintenance
    assert decoded("channel_fault_maint").readings[0].status == ChannelStatus(fault=True, maintenance=True)
    assert decoded("alarms_1_and_3").readings[0].status == ChannelStatus(alarms=(True, False, True, False))
    calibration = decoded("calibrating_warming")
    assert calibration.readings[0].status == ChannelStatus(calibrating=True, warming_up=True)
    assert calibration.analyser.groups == (CalibrationGroup(calibrating=True, gas=2), *[CalibrationGroup()] * 3)
    assert [reading.channel for reading in decoded("derived").readings] == ["I1", "I2", "D1", "E1", "E2"]
    assert decoded("derived").readings[1].unit == "vpm"
    assert decoded("nonnumeric_value").readings[0].value is None
    assert decoded("negative_value").readings[0].value == -0.012
    assert decoded("bad_clock").analyser.clock is None
    assert decoded("swapped_fields_same_sum").analyser.clock is None
    assert str(decoded("min_3ch_lf").analyser.clock) == "2099-12-31 23:59:59"


def answer_data(mode: str, response: str):
    """Data bytes of an answer: after address, function and byte count, before the check bytes."""
    if mode == "ascii":
        return bytes.fromhex(response.strip()[1:])[3:-1]
    adu = bytes.fromhex(response)
    return adu[9:] if mode == "tcp" else adu[3:-2]


def sweep_of(mode: str):
    answers = []
    for read in MODBUS[mode][2::-1]:  # the values come last in a sweep
        data = answer_data(mode, read["response"])
        if read["op"].startswith("FC04"):
            answers.append([int.from_bytes(data[place : place + 2]) for place in range(0, len(data), 2)])
        else:
            answers.append([data[bit // 8] >> bit % 8 & 1 for bit in range(8 * len(data))])
    return decode_sweep(full_plan(frames.SLOT_IDS), answers, DisplayText())


def test_the_three_modbus_framings_carry_the_same_readings():
    rtu = sweep_of("rtu")
    assert sweep_of("ascii") == sweep_of("tcp") == rtu
    shown = {reading.channel: (reading.name, reading.value, reading.unit) for reading in rtu.readings}
    nothing = ("", None, "")
    assert shown == {
        "I1": ("Oxygen", 20.378, "%"),
        "I2": ("CO", 0.084, "%"),
        "I3": ("CO2", 0.25, "%"),
        **dict.fromkeys(("I4", "D1", "D2", "D3", "D4"), nothing),
        "E1": ("", 0.0, "mA"),
        "E2": ("", 0.0, "mA"),
    }
    assert all(reading.status == ChannelStatus() for reading in rtu.readings)
    assert rtu.readings[0].raw == bytes.fromhex("41a30625")
