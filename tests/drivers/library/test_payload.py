"""Whatever the shape of a payload, it says the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.drivers.library.payload import Failure, Observation, what_it_says
from tests.drivers.library import shapes
from tests.drivers.library.shapes import NOON, Told

NAMES = st.text("abcdefgh", min_size=1, max_size=4)
DEVICE = st.builds(
    lambda device, values, at: [Told(device, name, value, unit, at) for name, (value, unit) in values.items()],
    NAMES,
    st.dictionaries(NAMES, st.tuples(st.floats(-1e6, 1e6), st.sampled_from(["g", "vol%", ""])), min_size=1, max_size=4),
    st.integers(0, 2**62),
)
SHAPES: dict[str, Callable[[Sequence[Told]], object]] = {
    "sequence": lambda told: [shapes.scalar(one) for one in told],
    "tuple-of-older": lambda told: tuple(shapes.older(one) for one in told),
    "frame": shapes.frame,
    "mapping-of-frames": lambda told: {told[0].device: shapes.frame(told)},
    "wide": shapes.wide,
    "mapping-of-results": lambda told: {told[0].device: shapes.result(shapes.wide(told))},
    "block": shapes.block,
}


def said(payload: object) -> list[Told]:
    return [
        Told(one.device, one.name, float(np.mean(one.value)), one.unit, one.monotonic_ns or 0)
        for one in what_it_says(payload)
        if isinstance(one, Observation)
    ]


@pytest.mark.parametrize("shape", SHAPES)
@given(told=DEVICE)
def test_every_shape_says_the_same(shape: str, told: list[Told]) -> None:
    found = said(SHAPES[shape](told))
    assert [(one.device, one.name, one.unit, one.monotonic_ns) for one in found] == [
        (one.device, one.name, one.unit, one.monotonic_ns) for one in told
    ]
    assert [one.value for one in found] == pytest.approx([one.value for one in told])


@given(st.lists(DEVICE, min_size=1, max_size=3, unique_by=lambda told: told[0].device))
def test_several_devices_keep_apart(devices: list[list[Told]]) -> None:
    payload = {told[0].device: shapes.result(shapes.frame(told)) for told in devices}
    assert said(payload) == [one for told in devices for one in told]


ATTRIBUTES = (
    *("value", "unit", "units", "values", "readings", "reading", "frame", "channel", "parameter", "instance", "error"),
    *("ok", "device", "task", "data", "block_index", "channels", "t_mono_ns", "monotonic_ns", "t_utc", "received_at"),
    *("status", "state", "stable", "alarms", "sensor_status", "reading_format"),
)
ANYTHING = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.just(NOON), st.just(np.eye(2))
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.text(max_size=3), inner, max_size=3),
        st.dictionaries(st.sampled_from(ATTRIBUTES), inner, max_size=6).map(lambda own: SimpleNamespace(**own)),
    ),
    max_leaves=12,
)


FORCED = st.sampled_from([("data", "block_index"), ("values",), ("readings",), ("ok", "value", "error"), ("frame",)])
ODD = FORCED.flatmap(
    lambda names: st.builds(
        lambda own, more: SimpleNamespace(**more, **{name: own[name] for name in own if name not in more}),
        st.fixed_dictionaries(dict.fromkeys(names, ANYTHING)),
        st.dictionaries(st.sampled_from([name for name in ATTRIBUTES if name not in names]), ANYTHING, max_size=5),
    )
)


@given(ANYTHING | ODD)
def test_nothing_that_a_library_may_deliver_is_too_odd(payload: object) -> None:
    for one in what_it_says(payload):
        assert isinstance(one.device, str)
        if isinstance(one, Observation):
            assert isinstance(one.name, str)
            assert isinstance(one.unit, str)
            assert all(isinstance(word, str) and word for word in one.words)
            assert one.utc is None or one.utc.tzinfo is not None


def test_plain_values_by_name_are_the_simplest_payload() -> None:
    assert said({"O2": 20.9, "T": 25}) == [Told("", "O2", 20.9, "", 0), Told("", "T", 25, "", 0)]
    assert said(7.5) == [Told("", "value", 7.5, "", 0)]


def test_a_failure_has_no_values() -> None:
    lost = ConnectionError("unplugged")
    payload = {"a": shapes.failed("a", lost), "b": shapes.result(error=lost), "c": shapes.result(5.0)}
    assert list(what_it_says(payload)) == [Failure("a", lost), Failure("b", lost), Observation("c", "value", 5.0)]


def test_an_error_block_is_no_data() -> None:
    broken = shapes.block([Told("rig", "ai0", 0.0, "V", 1)])
    broken.error = ConnectionError("unplugged")
    assert list(what_it_says(broken)) == [Failure("rig", broken.error)]


def test_a_second_instance_has_its_number() -> None:
    first = shapes.scalar(Told("oven", "process_value", 20.0, "C", 1))
    second = shapes.scalar(Told("oven", "process_value", 21.0, "C", 1))
    second.instance = 2
    assert [one.name for one in what_it_says([first, second]) if isinstance(one, Observation)] == [
        "process_value",
        "process_value.2",
    ]


class Unit(StrEnum):
    """As the libraries have them."""

    GRAM = "g"
    UNKNOWN = "?"


@pytest.mark.parametrize(("unit", "text"), [(Unit.GRAM, "g"), (Unit.UNKNOWN, ""), (None, ""), ("unknown", "")])
def test_units(unit: object, text: str) -> None:
    (one,) = what_it_says(SimpleNamespace(value=1.0, unit=unit, t_mono_ns=1, t_utc=NOON))
    assert isinstance(one, Observation)
    assert one.unit == text


def test_units_of_a_wide_reading_may_be_in_its_format() -> None:
    fields = [SimpleNamespace(name="Mass_Flow", unit="SCCM"), SimpleNamespace(name="Gas", unit=None)]
    reading = SimpleNamespace(
        values={"Mass_Flow": 79.0, "Gas": "N2"},
        reading_format=SimpleNamespace(fields=fields),
        status=frozenset({"MOV"}),
    )
    said_ = list(what_it_says({"fuel": SimpleNamespace(reading=reading, t_mono_ns=5, t_utc=NOON)}))
    assert said_ == [
        Observation("fuel", "Mass_Flow", 79.0, "SCCM", ("MOV",), 5, NOON),
        Observation("fuel", "Gas", "N2", "", ("MOV",), 5, NOON),
    ]
