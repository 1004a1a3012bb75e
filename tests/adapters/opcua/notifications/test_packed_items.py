"""Packed rows say byte by byte what items would say one by one."""

from __future__ import annotations

import pytest
from asyncua import ua
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.adapters.opcua.notifications import packed_items
from gateway.adapters.opcua.notifications.group_values import GroupValues
from gateway.adapters.opcua.notifications.report_rule import ReportRule
from gateway.model.points import ValueKind
from gateway.model.quality import QUALITY, State
from gateway.model.value import Value
from tests.adapters.opcua.notifications.items import BOTH, Watched, decoded, group_of

KINDS = (ValueKind.FLOAT, ValueKind.INTEGER, ValueKind.BOOLEAN, ValueKind.FLOAT, ValueKind.INTEGER)
VALUES: dict[ValueKind, st.SearchStrategy[Value]] = {
    ValueKind.FLOAT: st.sampled_from([0.5, 1.5, -1e300, float("inf")]),
    ValueKind.INTEGER: st.sampled_from([0, 7, -(2**63), 2**63 - 1]),
    ValueKind.BOOLEAN: st.booleans(),
}
STATES = st.sampled_from([State.GOOD, State.GOOD, State.STALE, State.CHANNEL_FAULT, State.OUT_OF_RANGE_HIGH])
POINT = st.tuples(*(st.tuples(st.none() | VALUES[kind], STATES) for kind in KINDS))
STEPS = st.lists(st.tuples(POINT, st.booleans()), max_size=25)
TRIGGER = ua.DataChangeTrigger


@settings(max_examples=150, deadline=None)
@given(
    steps=STEPS,
    queue_size=st.integers(1, 4),
    trigger=st.sampled_from([TRIGGER.Status, TRIGGER.StatusValue]),
    times=st.sampled_from([*ua.TimestampsToReturn][:4]),
)
def test_same_bytes_as_one_by_one(
    steps: list[tuple[tuple[tuple[Value, State], ...], bool]],
    queue_size: int,
    trigger: ua.DataChangeTrigger,
    times: ua.TimestampsToReturn,
) -> None:
    group = group_of(*KINDS)
    values = GroupValues(group, 1)
    watched = Watched(values, queue_size, ReportRule(trigger), times)
    watched.watch(group)
    before: list[tuple[Value, State]] = [(None, State.WAITING)] * len(KINDS)
    for instant, (wanted, drain) in enumerate(steps, start=2):
        points = [(value if QUALITY[state].keeps_value else None, state) for value, state in wanted]
        changed = [index for index, (old, new) in enumerate(zip(before, points, strict=True)) if old != new]
        before = [*points]
        values.apply(
            [value for value, _state in points], [state for _value, state in points], changed, instant, instant
        )
        if drain:
            assert watched.drain_packed() == watched.drain_single()
    assert watched.drain_packed() == watched.drain_single()


def _all(values: GroupValues, value: float, instant: int) -> None:
    values.apply([value, value], [State.GOOD] * 2, [0, 1], instant, instant)


def _two_floats(queue_size: int, rule: ReportRule | None = None) -> tuple[GroupValues, Watched]:
    group = group_of(ValueKind.FLOAT, ValueKind.FLOAT)
    values = GroupValues(group, 1)
    watched = Watched(values, queue_size, rule or ReportRule())
    watched.watch(group)
    watched.drain_packed()
    return values, watched


def test_full_queue_drops_the_oldest_and_says_so_once() -> None:
    values, watched = _two_floats(queue_size=3)
    for step in range(1, 6):
        _all(values, float(step), step)
    (packed,) = watched.packed.values()
    notifications = decoded(packed.drain())
    mine = [one.Value for one in notifications if one.ClientHandle == 100]
    assert [value.Value.Value for value in mine] == [3.0, 4.0, 5.0]
    assert [value.StatusCode.value if value.StatusCode else 0 for value in mine] == [0x480, 0, 0]
    _all(values, 9.0, 9)
    assert all(one.Value.StatusCode.value == 0 for one in decoded(packed.drain()))


def test_time_stamp_trigger_reports_equal_values() -> None:
    values, watched = _two_floats(5, ReportRule(TRIGGER.StatusValueTimestamp))
    (packed,) = watched.packed.values()
    for step in range(1, 4):
        _all(values, 1.0, step * 10)
    assert [one.Value.Value.Value for one in decoded(packed.drain())] == [1.0] * 6


def test_item_that_goes_takes_its_notifications_with_it() -> None:
    values, watched = _two_floats(queue_size=5)
    (packed,) = watched.packed.values()
    _all(values, 1.0, 1)
    packed.remove(watched.items[0])
    _all(values, 2.0, 2)
    assert [(one.ClientHandle, one.Value.Value.Value) for one in decoded(packed.drain())] == [(101, 1.0), (101, 2.0)]
    packed.remove(watched.items[1])
    assert not len(packed)
    _all(values, 3.0, 3)
    assert packed.drain() == []


def test_item_that_comes_reports_what_is_there_and_nothing_twice() -> None:
    values, watched = _two_floats(queue_size=5)
    (packed,) = watched.packed.values()
    _all(values, 1.0, 1)
    late = watched.item(group_of(ValueKind.FLOAT, ValueKind.FLOAT), 0)
    late.client_handle = 7
    packed.add(late, report=True)
    seen = decoded(packed.drain())
    assert [one.ClientHandle for one in seen] == [100, 101, 7]
    assert packed.drain() == []


def test_renamed_item_reports_under_its_new_handle() -> None:
    values, watched = _two_floats(queue_size=1)
    (packed,) = watched.packed.values()
    watched.items[1].client_handle = 999
    packed.rename(watched.items[1])
    _all(values, 4.0, 4)
    assert [one.ClientHandle for one in decoded(packed.drain())] == [100, 999]


def test_items_that_change_by_turns_need_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed_items, "_MOST_TICKS", 8)
    values, watched = _two_floats(queue_size=4)
    (packed,) = watched.packed.values()
    _all(values, 0.5, 1)
    for step in range(2, 200):
        values.apply([float(step), 0.5], [State.GOOD] * 2, [0], step, step)
    assert len(packed._pending) <= 8
    seen = decoded(packed.drain())
    assert [one.Value.Value.Value for one in seen if one.ClientHandle == 100] == [196.0, 197.0, 198.0, 199.0]
    assert [one.Value.Value.Value for one in seen if one.ClientHandle == 101] == [0.5]


def test_resend_says_everything_again() -> None:
    _values, watched = _two_floats(queue_size=2)
    (packed,) = watched.packed.values()
    packed.resend()
    assert len(decoded(packed.drain())) == 2


@pytest.mark.parametrize("times", [*ua.TimestampsToReturn][:4])
def test_only_the_wanted_time_stamps_are_sent(times: ua.TimestampsToReturn) -> None:
    group = group_of(ValueKind.FLOAT)
    values = GroupValues(group, 1)
    watched = Watched(values, times=times)
    watched.watch(group)
    values.apply([1.0], [State.GOOD], [0], 10_000_000, 20_000_000)
    (packed,) = watched.packed.values()
    (only,) = decoded(packed.drain())
    assert (only.Value.SourceTimestamp is not None) == (times in (ua.TimestampsToReturn.Source, BOTH))
    assert (only.Value.ServerTimestamp is not None) == (times in (ua.TimestampsToReturn.Server, BOTH))
