"""The bench's OPC UA client counts every notification and finds its time, however the server writes it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from asyncua import ua
from asyncua.ua.ua_binary import struct_to_binary
from hypothesis import given
from hypothesis import strategies as st

from bench.latency import Latency
from bench.opcua_count import count

VARIANTS: list[ua.Variant] = [
    ua.Variant(1.5, ua.VariantType.Double),
    ua.Variant(-3, ua.VariantType.Int64),
    ua.Variant(True, ua.VariantType.Boolean),
    ua.Variant("text", ua.VariantType.String),
    ua.Variant(None, ua.VariantType.Null),
]


@st.composite
def data_values(draw: st.DrawFn) -> ua.DataValue:
    age = timedelta(seconds=draw(st.integers(1, 3)))
    now = datetime.now(UTC)
    return ua.DataValue(
        draw(st.sampled_from(VARIANTS)),
        ua.StatusCode(draw(st.sampled_from([0, 0x40900000]))),
        now - age,
        draw(st.sampled_from([None, now])),
        draw(st.sampled_from([None, 10])),
        draw(st.sampled_from([None, 10])),
    )


def _ages(values: list[Any]) -> dict[str, float]:
    items = [ua.MonitoredItemNotification(handle, value) for handle, value in enumerate(values, start=1)]
    latency = Latency()
    assert count(struct_to_binary(ua.DataChangeNotification(MonitoredItems=items)), latency) == len(values)
    return latency.take()


@given(st.lists(data_values(), max_size=6))
def test_any_mixture(values: list[ua.DataValue]) -> None:
    seen = _ages(values)
    assert seen["events"] == len(values)
    if values:
        oldest = min(value.SourceTimestamp for value in values)
        assert 900 < seen["p99_ms"] < (datetime.now(UTC) - oldest) / timedelta(milliseconds=1) * 1.5


@given(data_values(), st.integers(1, 6))
def test_all_alike(value: ua.DataValue, number: int) -> None:
    seen = _ages([value] * number)
    assert seen["events"] == number
    assert seen["p50_ms"] > 900
