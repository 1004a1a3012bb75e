"""What programs written for the instrument family find here: names, signatures, defaults, fields."""

from __future__ import annotations

import inspect
from dataclasses import fields
from datetime import UTC, datetime

import pytest

from gateway import daq
from gateway.daq import AcquisitionSummary, DaqBlock, DaqReading, DaqSample, ErrorPolicy, OverflowPolicy, Recording
from gateway.daq.errors import DaqError
from gateway.errors import GatewayError

SIGNATURES = {
    "record": {
        "timeout": 10.0,
        "stream_buffer_size": 16,
        "error_policy": ErrorPolicy.RAISE,
        "overflow": OverflowPolicy.DROP_OLDEST,
    },
    "record_polled": {
        "rate_hz": inspect.Parameter.empty,
        "error_policy": ErrorPolicy.RAISE,
        "overflow": OverflowPolicy.BLOCK,
        "buffer_size": 64,
    },
    "play": {"confirm": False, "error_policy": ErrorPolicy.RAISE},
}

FIELDS: dict[type, list[str]] = {
    AcquisitionSummary: [
        *("started_at", "finished_at", "payloads_emitted", "payloads_dropped", "errors_observed"),
        *("overruns_observed", "underruns_observed", "extra"),
    ],
    Recording: ["stream", "summary", "rate_hz"],
    DaqBlock: [
        *("device", "task", "channels", "data", "raw_codes", "cjc_data", "block_index", "first_sample_index"),
        *("samples_per_channel", "sample_rate_hz", "block_period_ns", "task_started_at", "t0", "t_mono_ns", "t_utc"),
        *("t_midpoint_mono_ns", "read_started_at", "read_finished_at", "elapsed_s", "units", "is_linearised"),
        *("sensor_status", "error"),
    ],
    DaqReading: [
        *("device", "task", "values", "units", "requested_at", "received_at", "t_utc", "t_mono_ns"),
        *("t_midpoint_mono_ns", "latency_s", "sensor_status", "metadata", "error"),
    ],
    DaqSample: [
        *("device", "channel", "value", "sample_index", "block_index", "t_mono_ns", "t_utc", "task", "unit"),
        *("sensor_status", "is_linearised", "metadata"),
    ],
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_signatures(name: str) -> None:
    parameters = inspect.signature(getattr(daq, name)).parameters
    expected = SIGNATURES[name]
    assert {key: parameters[key].default for key in expected} == expected
    assert all(parameters[key].kind is inspect.Parameter.KEYWORD_ONLY for key in expected)


@pytest.mark.parametrize("kind", FIELDS, ids=lambda kind: kind.__name__)
def test_fields(kind: type) -> None:
    names = [field.name for field in fields(kind)]
    assert [name for name in names if name in FIELDS[kind]] == FIELDS[kind]


def test_a_summary_begins_with_zeros() -> None:
    summary = AcquisitionSummary(datetime(2026, 1, 1, tzinfo=UTC))
    assert summary.finished_at is None
    assert summary.extra == {}
    assert all(getattr(summary, name) == 0 for name in FIELDS[AcquisitionSummary][2:-1])


def test_policies_have_the_words_of_the_family() -> None:
    assert [policy.value for policy in ErrorPolicy] == ["raise", "return", "skip"]
    assert {policy.value for policy in OverflowPolicy} == {"block", "drop_oldest", "drop_newest"}


def test_everything_public_exists_and_errors_are_of_the_gateway() -> None:
    assert all(hasattr(daq, name) for name in daq.__all__)
    assert {"PlaybackSource", "block_to_long_rows"} <= set(daq.__all__)
    assert issubclass(DaqError, GatewayError)
