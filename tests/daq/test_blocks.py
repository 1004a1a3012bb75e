"""Payloads: what they refuse, that they stay what they are, and the rows made of them."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.daq import DaqBlock, DaqReading, DeviceResult, SensorStatus, block_to_long_rows
from gateway.daq.errors import DaqDeviceError, DaqValidationError

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def block(channels: int = 2, samples: int = 3, **changes: Any) -> DaqBlock:
    values: dict[str, Any] = {
        "device": "bench",
        "task": "scan",
        "channels": tuple(f"ai{number}" for number in range(channels)),
        "data": np.arange(channels * samples, dtype=float).reshape(channels, samples),
        "block_index": 0,
        "first_sample_index": 0,
        "samples_per_channel": samples,
        "sample_rate_hz": 1000.0,
        "sample_rate_hz_requested": 1000.0,
        "sample_rate_hz_estimated": 1000.0,
        "block_period_ns": 1e6,
        "task_started_at": NOW,
        "t0": NOW,
        "t_mono_ns": 5_000,
        "t_utc": NOW,
        "t_midpoint_mono_ns": 5_000 + 1_500_000,
        "read_started_at": NOW,
        "read_finished_at": NOW,
        "elapsed_s": 0.0,
        "units": {"ai0": "V"},
        "sensor_status": {"ai0": np.array([0, 1, 3], np.int8)[:samples]},
    }
    return DaqBlock(**{**values, **changes})


def test_nothing_of_a_block_can_be_changed() -> None:
    one = block()
    with pytest.raises(FrozenInstanceError):
        one.device = "other"  # type: ignore[misc]
    with pytest.raises(ValueError, match="read-only"):
        one.data[0, 0] = 1.0
    with pytest.raises(TypeError):
        one.units["ai0"] = "A"  # type: ignore[index]


def test_a_pickled_block_is_the_same_and_as_frozen() -> None:
    one = block(raw_codes=np.zeros((2, 3), np.uint16), cjc_data=np.zeros(3))
    for other in (pickle.loads(pickle.dumps(one)), copy.deepcopy(one)):
        np.testing.assert_array_equal(other.data, one.data)
        assert (other.units, other.t_utc, other.block_period_ns) == (one.units, one.t_utc, one.block_period_ns)
        for array in (other.data, other.raw_codes, other.cjc_data):
            assert not array.flags.writeable
        with pytest.raises(TypeError):
            other.units["ai0"] = "A"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"samples_per_channel": 4}, r"shape \(2, 4\)"),
        ({"data": np.zeros((2, 3), np.float32)}, "float64"),
        ({"raw_codes": np.zeros((2, 2), np.uint16)}, "raw_codes"),
        ({"cjc_data": np.zeros(2)}, "cjc_data"),
        ({"error": DaqDeviceError("broken")}, "either samples or an error"),
        ({"data": np.empty((2, 0)), "samples_per_channel": 0}, "either samples or an error"),
        ({"block_index": None}, "indices"),
        ({"data": np.empty((2, 0)), "samples_per_channel": 0, "error": DaqDeviceError("x")}, "indices"),
        ({"t_utc": NOW.replace(tzinfo=None)}, "t_utc must be an aware UTC time"),
    ],
)
def test_contradictions_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(DaqValidationError, match=message):
        block(**changes)


def test_a_row_is_found_by_its_channel_without_a_copy() -> None:
    one = block()
    assert np.shares_memory(one.row("ai1"), one.data)
    assert one.row("ai1").tolist() == [3.0, 4.0, 5.0]
    with pytest.raises(KeyError):
        one.row("ai9")


@settings(deadline=None)
@given(
    channels=st.integers(1, 4),
    samples=st.integers(1, 50),
    first=st.integers(0, 2**50),
    period_ns=st.floats(1.0, 1e10),
    t_mono_ns=st.integers(0, 2**60),
)
def test_rows_are_the_block_again(channels: int, samples: int, first: int, period_ns: float, t_mono_ns: int) -> None:
    one = block(
        channels,
        samples,
        first_sample_index=first,
        block_index=7,
        block_period_ns=period_ns,
        t_mono_ns=t_mono_ns,
        sensor_status={},
    )
    rows = list(block_to_long_rows(one))
    assert [(row.channel, row.sample_index) for row in rows] == [
        (channel, first + k) for channel in one.channels for k in range(samples)
    ]
    np.testing.assert_array_equal([row.value for row in rows], one.data.ravel())
    for k, row in enumerate(rows[:samples]):
        assert row.t_mono_ns - t_mono_ns == pytest.approx(k * period_ns, abs=1)
        assert (row.t_utc - one.t_utc) / timedelta(microseconds=1) == pytest.approx(k * period_ns / 1000, abs=1)
    assert {row.block_index for row in rows} == {7}


def test_rows_carry_unit_and_sensor_status() -> None:
    rows = list(block_to_long_rows(block()))
    assert [row.sensor_status for row in rows] == [SensorStatus.OK, SensorStatus.OPEN, SensorStatus.HIGH, *[None] * 3]
    assert [row.unit for row in rows] == ["V"] * 3 + [None] * 3
    assert rows == pickle.loads(pickle.dumps(rows))


def test_a_reading_has_values_or_an_error() -> None:
    good = DaqReading(
        device="bench",
        task="scan",
        values={"ai0": 1.0},
        requested_at=NOW,
        received_at=NOW,
        t_utc=NOW,
        t_mono_ns=0,
        t_midpoint_mono_ns=0,
        latency_s=0.0,
    )
    assert pickle.loads(pickle.dumps(good)) == good
    with pytest.raises(DaqValidationError):
        replace(good, error=DaqDeviceError("broken"))
    with pytest.raises(DaqValidationError):
        DeviceResult[DaqReading]()
    assert DeviceResult.success(good).ok
    assert not DeviceResult[DaqReading].failure(DaqDeviceError("broken")).ok
