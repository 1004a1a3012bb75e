"""Row 12: the rules of a Sample are enforced."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

import gateway.model.sample
from gateway.errors import LinkError
from gateway.model.readings import ChannelKind, ChannelStatus, ProtocolKind, Reading
from gateway.streaming import Sample

READING = Reading("I1", ChannelKind.MEASURED, "CO2", 1.0, "%", ChannelStatus())
NOW = datetime(2026, 1, 1, tzinfo=UTC)
GOOD = Sample("A", "I1", READING, ProtocolKind.MODBUS_RTU, 5, NOW)


def test_is_the_models_own() -> None:
    assert Sample is gateway.model.sample.Sample


@pytest.mark.parametrize(
    "change",
    [
        {"error": LinkError("both")},
        {"reading": None, "channel": None},
        {"reading": None, "error": LinkError("channel kept")},
        {"channel": "I2"},
        {"received_at": datetime(2026, 1, 1)},
        {"received_at": NOW.astimezone(timezone(timedelta(hours=1)))},
        {"requested_at": datetime(2026, 1, 1)},
    ],
)
def test_row_12_contradictions_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        replace(GOOD, **change)


@pytest.mark.parametrize("moment", [5.0, True, None])
def test_row_12_monotonic_time_is_whole_nanoseconds(moment: Any) -> None:
    with pytest.raises(TypeError, match="monotonic_ns"):
        replace(GOOD, monotonic_ns=moment)


def test_row_12_metadata_is_read_only_and_a_copy() -> None:
    given: dict[str, object] = {"a": 1}
    sample = replace(GOOD, metadata=given)
    given["a"] = 2
    assert sample.metadata == {"a": 1}
    with pytest.raises(TypeError):
        sample.metadata["a"] = 3  # type: ignore[index]
    with pytest.raises(FrozenInstanceError):
        sample.device = "B"  # type: ignore[misc]
    assert hash(sample) == hash(replace(GOOD, metadata={}))
