"""Rules of Sample and Stamp."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.readings import ChannelKind, ChannelStatus, ProtocolKind, Reading
from gateway.model.sample import Sample
from gateway.model.stamp import Stamp

READING = Reading("I1", ChannelKind.MEASURED, "Oxygen", 20.9, "%", ChannelStatus())
GOOD: dict[str, Any] = {
    "device": "stack",
    "channel": "I1",
    "reading": READING,
    "protocol": ProtocolKind.CONTINUOUS,
    "monotonic_ns": 1,
    "received_at": datetime(2026, 1, 1, tzinfo=UTC),
}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"reading": None}, "exactly one of reading and error"),
        ({"error": ValueError()}, "exactly one of reading and error"),
        ({"reading": None, "error": ValueError()}, "channel must be None"),
        ({"channel": "I2"}, "does not match"),
        ({"received_at": datetime(2026, 1, 1)}, "aware UTC"),
        ({"received_at": datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=1)))}, "aware UTC"),
        ({"requested_at": datetime(2026, 1, 1)}, "aware UTC"),
    ],
)
def test_a_sample_that_breaks_a_rule_is_refused(change: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Sample(**(GOOD | change))


def test_time_is_an_integer() -> None:
    with pytest.raises(TypeError, match="must be an int"):
        Sample(**(GOOD | {"monotonic_ns": 1.0}))


def test_metadata_cannot_be_changed_afterwards() -> None:
    mine: dict[str, object] = {"a": 1}
    sample = Sample(**(GOOD | {"metadata": mine}))
    mine["a"] = 2
    assert sample.metadata == {"a": 1}
    with pytest.raises(TypeError):
        sample.metadata["a"] = 3  # type: ignore[index]
    assert isinstance(hash(sample), int)


@given(st.integers(0, 4_102_444_800_000_000))
def test_a_stamp_survives_the_way_through_datetime(unix_us: int) -> None:
    stamp = Stamp(7, unix_us)
    assert Stamp.from_utc(stamp.utc, 7) == stamp
